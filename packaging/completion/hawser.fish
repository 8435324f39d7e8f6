# fish completion of hawser: made by 'hawser completion fish'.

function __hawser_plain
	set -l verb ''
	set -l skip 0
	for word in (commandline -opc)[2..-1]
		if test $skip = 1
			set skip 0
			continue
		end
		switch "$verb $word"
		case 'connect --server'
			set skip 1
		case 'connect --key'
			set skip 1
		case 'connect --config'
			set skip 1
		case 'connect --password-file'
			set skip 1
		case 'connect --accept-key'
			set skip 1
		case 'connect --quality'
			set skip 1
		case 'connect --codec'
			set skip 1
		case 'connect --chroma'
			set skip 1
		case 'connect --fps'
			set skip 1
		case 'connect --display'
			set skip 1
		case 'connect --resolution'
			set skip 1
		case 'connect --follow'
			set skip 1
		case 'connect --audio'
			set skip 1
		case 'connect --volume'
			set skip 1
		case 'connect --clipboard'
			set skip 1
		case 'connect --keyboard'
			set skip 1
		case 'connect --screenshot'
			set skip 1
		case 'connect --after'
			set skip 1
		case 'connect --click'
			set skip 1
		case 'connect --type'
			set skip 1
		case 'connect --copy'
			set skip 1
		case 'connect --chat'
			set skip 1
		case 'connect --clipboard-in'
			set skip 1
		case 'connect --clipboard-out'
			set skip 1
		case 'connect --copy-files'
			set skip 1
		case 'connect --paste-files'
			set skip 1
		case 'connect --print-to'
			set skip 1
		case 'connect --record'
			set skip 1
		case 'connect --host-screenshot'
			set skip 1
		case 'connect --timeout'
			set skip 1
		case 'terminal --attach'
			set skip 1
		case 'terminal --kill'
			set skip 1
		case 'terminal --user' 'terminal -l'
			set skip 1
		case 'terminal --user-password-file'
			set skip 1
		case 'terminal --escape' 'terminal -e'
			set skip 1
		case 'terminal --server'
			set skip 1
		case 'terminal --key'
			set skip 1
		case 'terminal --config'
			set skip 1
		case 'terminal --password-file'
			set skip 1
		case 'terminal --accept-key'
			set skip 1
		case 'terminal --timeout'
			set skip 1
		case 'forward --local' 'forward -L'
			set skip 1
		case 'forward --dynamic' 'forward -D'
			set skip 1
		case 'forward --remote' 'forward -R'
			set skip 1
		case 'forward --udp' 'forward -U'
			set skip 1
		case 'forward --rdp-port'
			set skip 1
		case 'forward --idle'
			set skip 1
		case 'forward --server'
			set skip 1
		case 'forward --key'
			set skip 1
		case 'forward --config'
			set skip 1
		case 'forward --password-file'
			set skip 1
		case 'forward --accept-key'
			set skip 1
		case 'forward --timeout'
			set skip 1
		case 'files --batch' 'files -b'
			set skip 1
		case 'files --server'
			set skip 1
		case 'files --key'
			set skip 1
		case 'files --config'
			set skip 1
		case 'files --password-file'
			set skip 1
		case 'files --accept-key'
			set skip 1
		case 'files --timeout'
			set skip 1
		case 'login --user'
			set skip 1
		case 'login --password-file'
			set skip 1
		case 'login --provider'
			set skip 1
		case 'login --api'
			set skip 1
		case 'login --server'
			set skip 1
		case 'login --key'
			set skip 1
		case 'login --config'
			set skip 1
		case 'logout --server'
			set skip 1
		case 'logout --key'
			set skip 1
		case 'logout --config'
			set skip 1
		case 'account --server'
			set skip 1
		case 'account --key'
			set skip 1
		case 'account --config'
			set skip 1
		case 'discover --wait'
			set skip 1
		case 'doctor --server'
			set skip 1
		case 'doctor --key'
			set skip 1
		case 'doctor --config'
			set skip 1
		case '* -*'
		case '*'
			echo $word
			test -n "$verb"; or set verb $word
		end
	end
end

function __hawser_in
	set -l plain (__hawser_plain)
	switch "$plain[1]"
		case '' connect terminal forward files login logout account discover doctor
			test "$plain[1]" = "$argv[1]"
		case '*'
			test -z "$argv[1]"
	end
end

function __hawser_at
	set -l plain (__hawser_plain)
	test "$plain[1]" = "$argv[1]"; or return 1
	test (count $argv) -lt 2; or test -z "$argv[1]"
	or test (count $plain) -eq (math $argv[2] + 1); or return 1
	test (count $argv) -lt 3; or test "$plain[2]" = "$argv[3]"
end

complete -c hawser -f
complete -c hawser -n '__hawser_at "" 0' -a connect -d 'view and control a host (see connect --help)'
complete -c hawser -n '__hawser_at "connect" 0' -a '(hawser peers 2>/dev/null </dev/null | string match -r -g "^([A-Za-z0-9][A-Za-z0-9.:@_-]*)(?:\\t.*)?\\$")'
complete -c hawser -n '__hawser_in "connect"' -l server -x -a '' -d 'Rendezvous server to ask, instead of the configured one, or several.'
complete -c hawser -n '__hawser_in "connect"' -l key -x -a '' -d 'Public key of that server, or of the one that the target names; of several a list.'
complete -c hawser -n '__hawser_in "connect"' -l config -r -F -a '' -d 'Configuration file, instead of the usual one.'
complete -c hawser -n '__hawser_in "connect"' -l password-stdin -d 'Read the password from the first line of standard input.'
complete -c hawser -n '__hawser_in "connect"' -l password-file -r -F -a '' -d 'Read the password from a file that nobody else can read.'
complete -c hawser -n '__hawser_in "connect"' -l relay -d 'Go through the relay; do not try a direct connection.'
complete -c hawser -n '__hawser_in "connect"' -l accept-insecure -d 'Agree to a session without any encryption, or with a key that nobody vouches for.'
complete -c hawser -n '__hawser_in "connect"' -l accept-key -x -a '' -d 'The host\'s key or fingerprint, as it is shown there: take this one, and no other.'
complete -c hawser -n '__hawser_in "connect"' -l require-v2 -d 'Refuse everything but end-to-end encryption by hawser v2; hosts that speak no more than the RustDesk 1.x scheme are not talked to.'
complete -c hawser -n '__hawser_in "connect"' -l view-only -d 'Only look: send no keys, clicks or clipboard.'
complete -c hawser -n '__hawser_in "connect"' -l no-exact -d 'Have the host send all by video, and no small changes exactly beside it.'
complete -c hawser -n '__hawser_in "connect"' -l no-hardware-codecs -d 'Decode pictures by the processor alone, not by a graphics card.'
complete -c hawser -n '__hawser_in "connect"' -l quality -x -a 'default low balanced best ' -d 'Picture quality to ask the host for; default: as configured.'
complete -c hawser -n '__hawser_in "connect"' -l codec -x -a 'auto vp8 vp9 av1 h264 h265 ' -d 'Video codec to ask the host for; auto: as configured.'
complete -c hawser -n '__hawser_in "connect"' -l chroma -x -a 'auto 420 444 ' -d 'Colours to ask the host for: of one pixel in four (420) or of each one (444), which keeps coloured text sharp; auto: as configured.'
complete -c hawser -n '__hawser_in "connect"' -l fps -x -a '' -d 'At most N pictures a second; 0: 30, the protocol\'s default.'
complete -c hawser -n '__hawser_in "connect"' -l display -x -a 'all windows ' -d 'Show display N, counted from 1; 0: the host\'s choice; all: all of them at once; windows: each in a window of its own.'
complete -c hawser -n '__hawser_in "connect"' -l resolution -x -a '' -d 'Wish this size of the shown display; it goes back when the session ends.'
complete -c hawser -n '__hawser_in "connect"' -l follow -x -a 'none pointer window both ' -d 'Show the display to which the host\'s pointer, or its active window, comes.'
complete -c hawser -n '__hawser_in "connect"' -l camera -d 'Show the host\'s cameras in place of its desktop; --display N is the Nth.'
complete -c hawser -n '__hawser_in "connect"' -l virtual-display -d 'Wish one display more, without a monitor; it goes when the session ends.'
complete -c hawser -n '__hawser_in "connect"' -l privacy -d 'Wish the host\'s own monitors dark meanwhile.'
complete -c hawser -n '__hawser_in "connect"' -l block-input -d 'Wish that mouse and keyboard of the person at the host have no effect meanwhile.'
complete -c hawser -n '__hawser_in "connect"' -l audio -r -F -a 'on off ' -d 'The host\'s sound: on the loudspeakers, not at all, or, with --headless, into a file. Not given: on with a window, off without.'
complete -c hawser -n '__hawser_in "connect"' -l volume -x -a '' -d 'How loud it is on the loudspeakers.'
complete -c hawser -n '__hawser_in "connect"' -l call -d 'Call the person at the host: this machine\'s microphone is heard there and the host\'s here, once that person accepts.'
complete -c hawser -n '__hawser_in "connect"' -l clipboard -x -a 'both send receive off ' -d 'Share what is copied: send what is copied here, receive what is copied at the host, both or nothing; files included.'
complete -c hawser -n '__hawser_in "connect"' -l remember -d 'Keep what logs in (never the password itself) for the next time.'
complete -c hawser -n '__hawser_in "connect"' -l headless -d 'Open no window; do what the options below say, then end.'
complete -c hawser -n '__hawser_in "connect"' -l help -d 'Print this help.'
complete -c hawser -n '__hawser_in "connect"' -l keyboard -x -a 'auto map translate legacy ' -d 'How keys are sent: by position (map; the host\'s layout decides), as characters (translate; this side\'s layout decides), or as old hosts have it (legacy). auto: translate where the host\'s layout is another one, else map.'
complete -c hawser -n '__hawser_in "connect"' -l fullscreen -d 'Begin in full screen.'
complete -c hawser -n '__hawser_in "connect"' -l actual-size -d 'Show one pixel of the host as one pixel here; otherwise the picture is scaled to the window.'
complete -c hawser -n '__hawser_in "connect"' -l displays -d 'Print a line for each display of the host, and end; with --after or what else lasts, again when they change.'
complete -c hawser -n '__hawser_in "connect"' -l screenshot -r -F -a '' -d 'Save the picture of the display at the end; of --display all each in FILE-N.png.'
complete -c hawser -n '__hawser_in "connect"' -l after -x -a '' -d 'End so long (5, 5s, 250ms, 2m) after the first picture. Not given: after one second when something is clicked, typed or copied, else at once; a run that only records or prints figures lasts until it is interrupted.'
complete -c hawser -n '__hawser_in "connect"' -l click -x -a '' -d 'Click with the left button at this pixel of the display.'
complete -c hawser -n '__hawser_in "connect"' -l type -x -a '' -d 'Type this text, after the click.'
complete -c hawser -n '__hawser_in "connect"' -l copy -x -a '' -d 'Put this text into the host\'s clipboard.'
complete -c hawser -n '__hawser_in "connect"' -l chat -x -a '' -d 'Write this to the person at the host. What that person writes is printed on standard error, with or without it.'
complete -c hawser -n '__hawser_in "connect"' -l paste -d 'Wait for a text from the host\'s clipboard and print it.'
complete -c hawser -n '__hawser_in "connect"' -l clipboard-in -x -a '' -d 'Put this file into the host\'s clipboard as text, html, rtf, png, svg or sheet; may be given again, for other formats of the same thing.'
complete -c hawser -n '__hawser_in "connect"' -l clipboard-out -x -a '' -d 'Wait until something is copied at the host that has this format, and write it to this file (- is standard output); may be given again.'
complete -c hawser -n '__hawser_in "connect"' -l copy-files -r -F -a '' -d 'Copy this file or folder, to be pasted at the host while this runs; may be given again and again.'
complete -c hawser -n '__hawser_in "connect"' -l paste-files -x -a '(__fish_complete_directories (commandline -ct)) ' -d 'Wait until files are copied at the host, and write them into this folder.'
complete -c hawser -n '__hawser_in "connect"' -l print-to -x -a '(__fish_complete_directories (commandline -ct)) ' -d 'Take what is printed at the host: into this folder, or to a printer of CUPS. Not given: it is not taken.'
complete -c hawser -n '__hawser_in "connect"' -l record -r -F -a '' -d 'Keep the received video and sound, without encoding it again: in FILE.webm or FILE.mp4, or in files of the folder with names of their own.'
complete -c hawser -n '__hawser_in "connect"' -l host-screenshot -r -F -a '' -d 'Ask the host for the picture of the display as it is there, without what video loses.'
complete -c hawser -n '__hawser_in "connect"' -l restart-host -d 'Restart the host\'s machine, and stay until it has come back.'
complete -c hawser -n '__hawser_in "connect"' -l switch-sides -d 'Have the host look at this machine instead; the session ends.'
complete -c hawser -n '__hawser_in "connect"' -l stats -d 'Print a line of figures every second and at the end.'
complete -c hawser -n '__hawser_in "connect"' -l why -d 'Print how the host was reached: each way that was tried, and why it was not met directly.'
complete -c hawser -n '__hawser_in "connect"' -l timeout -x -a '' -d 'Give up when there is no picture by then; 0: wait for ever.'
complete -c hawser -n '__hawser_in "connect"' -l no-retry -d 'End when the session is lost, instead of connecting again.'
complete -c hawser -n '__hawser_at "" 0' -a terminal -d 'a shell or a command at a host (see terminal --help)'
complete -c hawser -n '__hawser_at "terminal" 0' -a '(hawser peers 2>/dev/null </dev/null | string match -r -g "^([A-Za-z0-9][A-Za-z0-9.:@_-]*)(?:\\t.*)?\\$")'
complete -c hawser -n '__hawser_in "terminal"' -l tty -s t -d 'Run the command in a terminal, also when standard input is none.'
complete -c hawser -n '__hawser_in "terminal"' -l no-tty -s T -d 'Run it with pipes, without a terminal.'
complete -c hawser -n '__hawser_in "terminal"' -l keep -s k -d 'Keep the terminal when this program ends: --attach finds it again.'
complete -c hawser -n '__hawser_in "terminal"' -l list -d 'Print the terminals that the host keeps, and end.'
complete -c hawser -n '__hawser_in "terminal"' -l attach -x -a '' -d 'Go on with kept terminal N: its screen is shown first.'
complete -c hawser -n '__hawser_in "terminal"' -l kill -x -a '' -d 'End kept terminal N.'
complete -c hawser -n '__hawser_in "terminal"' -l user -s l -x -a '' -d 'As this account of the host; its password is asked for on the terminal.'
complete -c hawser -n '__hawser_in "terminal"' -l user-password-file -r -F -a '' -d 'Read that password from a file that nobody else can read.'
complete -c hawser -n '__hawser_in "terminal"' -l escape -s e -x -a '' -d 'Escape character, ^X for Ctrl+X, or none. Behind a line end: CHAR. leaves, CHAR^Z suspends, CHAR? helps, CHAR CHAR types it.'
complete -c hawser -n '__hawser_in "terminal"' -l server -x -a '' -d 'Rendezvous server to ask, instead of the configured one, or several.'
complete -c hawser -n '__hawser_in "terminal"' -l key -x -a '' -d 'Public key of that server, or of the one that the target names; of several a list.'
complete -c hawser -n '__hawser_in "terminal"' -l config -r -F -a '' -d 'Configuration file, instead of the usual one.'
complete -c hawser -n '__hawser_in "terminal"' -l password-stdin -d 'Read the password from the first line of standard input.'
complete -c hawser -n '__hawser_in "terminal"' -l password-file -r -F -a '' -d 'Read the password from a file that nobody else can read.'
complete -c hawser -n '__hawser_in "terminal"' -l relay -d 'Go through the relay; do not try a direct connection.'
complete -c hawser -n '__hawser_in "terminal"' -l accept-insecure -d 'Agree to a session without any encryption, or with a key that nobody vouches for.'
complete -c hawser -n '__hawser_in "terminal"' -l accept-key -x -a '' -d 'The host\'s key or fingerprint, as it is shown there: take this one, and no other.'
complete -c hawser -n '__hawser_in "terminal"' -l require-v2 -d 'Refuse everything but end-to-end encryption by hawser v2.'
complete -c hawser -n '__hawser_in "terminal"' -l remember -d 'Keep what logs in (never the password itself) for the next time.'
complete -c hawser -n '__hawser_in "terminal"' -l no-retry -d 'End when the session is lost, instead of connecting again.'
complete -c hawser -n '__hawser_in "terminal"' -l timeout -x -a '' -d 'Give up when there is no session by then; time spent on questions does not count. 0: wait for ever.'
complete -c hawser -n '__hawser_in "terminal"' -l json -d 'Print what happens as lines of JSON, for scripts.'
complete -c hawser -n '__hawser_in "terminal"' -l quiet -d 'Say nothing but errors.'
complete -c hawser -n '__hawser_in "terminal"' -l help -d 'Print this help.'
complete -c hawser -n '__hawser_at "" 0' -a forward -d 'carry ports through a session (see forward --help)'
complete -c hawser -n '__hawser_at "forward" 0' -a '(hawser peers 2>/dev/null </dev/null | string match -r -g "^([A-Za-z0-9][A-Za-z0-9.:@_-]*)(?:\\t.*)?\\$")'
complete -c hawser -n '__hawser_in "forward"' -l local -s L -x -a '' -d 'Listen here; connections go to HOST:PORT as the host reaches it (localhost: the host itself). May be given several times, as the next three.'
complete -c hawser -n '__hawser_in "forward"' -l dynamic -s D -x -a '' -d 'Listen here for SOCKS 5: the program says where the host is to connect.'
complete -c hawser -n '__hawser_in "forward"' -l remote -s R -x -a '' -d 'Let the host listen; connections go to HOST:PORT as this machine reaches it.'
complete -c hawser -n '__hawser_in "forward"' -l udp -s U -x -a '' -d 'As -L, for datagrams (UDP).'
complete -c hawser -n '__hawser_in "forward"' -l rdp -d 'Open a tunnel to the host\'s remote desktop (RDP) port, and start a remote desktop program if one is installed; else print where it can connect.'
complete -c hawser -n '__hawser_in "forward"' -l rdp-port -x -a '' -d 'Port of the host for --rdp.'
complete -c hawser -n '__hawser_in "forward"' -l idle -x -a '' -d 'End connections on which not a byte came or went for so long; 0: never.'
complete -c hawser -n '__hawser_in "forward"' -l server -x -a '' -d 'Rendezvous server to ask, instead of the configured one, or several.'
complete -c hawser -n '__hawser_in "forward"' -l key -x -a '' -d 'Public key of that server, or of the one that the target names; of several a list.'
complete -c hawser -n '__hawser_in "forward"' -l config -r -F -a '' -d 'Configuration file, instead of the usual one.'
complete -c hawser -n '__hawser_in "forward"' -l password-stdin -d 'Read the password from the first line of standard input.'
complete -c hawser -n '__hawser_in "forward"' -l password-file -r -F -a '' -d 'Read the password from a file that nobody else can read.'
complete -c hawser -n '__hawser_in "forward"' -l relay -d 'Go through the relay; do not try a direct connection.'
complete -c hawser -n '__hawser_in "forward"' -l accept-insecure -d 'Agree to a session without any encryption, or with a key that nobody vouches for.'
complete -c hawser -n '__hawser_in "forward"' -l accept-key -x -a '' -d 'The host\'s key or fingerprint, as it is shown there: take this one, and no other.'
complete -c hawser -n '__hawser_in "forward"' -l require-v2 -d 'Refuse everything but end-to-end encryption by hawser v2.'
complete -c hawser -n '__hawser_in "forward"' -l remember -d 'Keep what logs in (never the password itself) for the next time.'
complete -c hawser -n '__hawser_in "forward"' -l no-retry -d 'End when the session is lost, instead of connecting again.'
complete -c hawser -n '__hawser_in "forward"' -l timeout -x -a '' -d 'Give up when there is no session by then; time spent on questions does not count. 0: wait for ever.'
complete -c hawser -n '__hawser_in "forward"' -l json -d 'Print what happens as lines of JSON, for scripts.'
complete -c hawser -n '__hawser_in "forward"' -l quiet -d 'Say nothing but errors.'
complete -c hawser -n '__hawser_in "forward"' -l help -d 'Print this help.'
complete -c hawser -n '__hawser_at "" 0' -a files -d 'the files of a host (see files --help)'
complete -c hawser -n '__hawser_at "files" 0' -a '(hawser peers 2>/dev/null </dev/null | string match -r -g "^([A-Za-z0-9][A-Za-z0-9.:@_-]*)(?:\\t.*)?\\$")'
complete -c hawser -n '__hawser_at "files" 1' -a 'ls'
complete -c hawser -n '__hawser_at "files" 1' -a 'get'
complete -c hawser -n '__hawser_at "files" 1' -a 'put'
complete -c hawser -n '__hawser_at "files" 1' -a 'rm'
complete -c hawser -n '__hawser_at "files" 1' -a 'mkdir'
complete -c hawser -n '__hawser_at "files" 1' -a 'mv'
complete -c hawser -n '__hawser_at "files" 1' -a 'sync'
complete -c hawser -n '__hawser_at "files" 1' -a 'jobs'
complete -c hawser -n '__hawser_at "files" 1' -a 'resume'
complete -c hawser -n '__hawser_at "files" 1' -a 'forget'
complete -c hawser -n '__hawser_at "files"; and test (count (__hawser_plain)) -gt 2' -F
complete -c hawser -n '__hawser_in "files"' -l recursive -s r -d 'Copy or remove folders with all that is in them.'
complete -c hawser -n '__hawser_in "files"' -l resume -d 'Go on with what an earlier copy has left.'
complete -c hawser -n '__hawser_in "files"' -l overwrite -d 'Replace files that are there and differ.'
complete -c hawser -n '__hawser_in "files"' -l skip -d 'Leave files alone that are there.'
complete -c hawser -n '__hawser_in "files"' -l ask -d 'Ask about each file that is there; what is done on a terminal anyway.'
complete -c hawser -n '__hawser_in "files"' -l update -s u -d 'Replace only what is older than what comes.'
complete -c hawser -n '__hawser_in "files"' -l dry-run -s n -d 'sync: only say what would be done.'
complete -c hawser -n '__hawser_in "files"' -l delete -d 'sync: remove what the other side does not have.'
complete -c hawser -n '__hawser_in "files"' -l checksum -s c -d 'sync: do not trust size and time: copy what has the same ones, too.'
complete -c hawser -n '__hawser_in "files"' -l all -s a -d 'ls: with hidden files.'
complete -c hawser -n '__hawser_in "files"' -l long -s l -d 'ls: sizes, times and kinds, too.'
complete -c hawser -n '__hawser_in "files"' -l null -s 0 -d 'ls: names as they are, each with a NUL behind it.'
complete -c hawser -n '__hawser_in "files"' -l force -s f -d 'rm: what is not there is no mistake.'
complete -c hawser -n '__hawser_in "files"' -l batch -s b -r -F -a '' -d 'Do what the lines of this file say, as at the prompt; - is standard input. It ends at the first that fails.'
complete -c hawser -n '__hawser_in "files"' -l compatible -d 'Use no more of the protocol than hosts of RustDesk 1.x know.'
complete -c hawser -n '__hawser_in "files"' -l server -x -a '' -d 'Rendezvous server to ask, instead of the configured one, or several.'
complete -c hawser -n '__hawser_in "files"' -l key -x -a '' -d 'Public key of that server, or of the one that the target names; of several a list.'
complete -c hawser -n '__hawser_in "files"' -l config -r -F -a '' -d 'Configuration file, instead of the usual one.'
complete -c hawser -n '__hawser_in "files"' -l password-stdin -d 'Read the password from the first line of standard input.'
complete -c hawser -n '__hawser_in "files"' -l password-file -r -F -a '' -d 'Read the password from a file that nobody else can read.'
complete -c hawser -n '__hawser_in "files"' -l relay -d 'Go through the relay; do not try a direct connection.'
complete -c hawser -n '__hawser_in "files"' -l accept-insecure -d 'Agree to a session without any encryption, or with a key that nobody vouches for.'
complete -c hawser -n '__hawser_in "files"' -l accept-key -x -a '' -d 'The host\'s key or fingerprint, as it is shown there: take this one, and no other.'
complete -c hawser -n '__hawser_in "files"' -l require-v2 -d 'Refuse everything but end-to-end encryption by hawser v2.'
complete -c hawser -n '__hawser_in "files"' -l remember -d 'Keep what logs in (never the password itself) for the next time.'
complete -c hawser -n '__hawser_in "files"' -l no-retry -d 'End when the session is lost, instead of connecting again.'
complete -c hawser -n '__hawser_in "files"' -l timeout -x -a '' -d 'Give up when there is no session by then; time spent on questions does not count. 0: wait for ever.'
complete -c hawser -n '__hawser_in "files"' -l json -d 'Print what happens as lines of JSON, for scripts.'
complete -c hawser -n '__hawser_in "files"' -l quiet -d 'Say nothing but errors.'
complete -c hawser -n '__hawser_in "files"' -l help -d 'Print this help.'
complete -c hawser -n '__hawser_at "" 0' -a login -d 'log in to your account at the server\'s API server'
complete -c hawser -n '__hawser_in "login"' -l user -x -a '' -d 'who; without it you are asked'
complete -c hawser -n '__hawser_in "login"' -l password-file -r -F -a '' -d 'the password is its first line; none but you may read it'
complete -c hawser -n '__hawser_in "login"' -l password-stdin -d 'the password is a line of standard input, and the code of a second'
complete -c hawser -n '__hawser_in "login"' -l provider -x -a '' -d 'log in at this identity provider, in a browser, instead'
complete -c hawser -n '__hawser_in "login"' -l api -x -a '' -d 'where the accounts are; else as \'api-server\' of the settings says,'
complete -c hawser -n '__hawser_in "login"' -l server -x -a '' -d 'at this server instead of the first of the settings'
complete -c hawser -n '__hawser_in "login"' -l key -x -a '' -d 'its key'
complete -c hawser -n '__hawser_in "login"' -l config -r -F -a '' -d 'other settings of the viewer'
complete -c hawser -n '__hawser_in "login"' -l insecure-http -d 'let the password go to another machine without encryption'
complete -c hawser -n '__hawser_in "login"' -l help -d 'Print the help.'
complete -c hawser -n '__hawser_at "" 0' -a logout -d 'forget that login, and end it there'
complete -c hawser -n '__hawser_in "logout"' -l server -x -a '' -d ''
complete -c hawser -n '__hawser_in "logout"' -l key -x -a '' -d ''
complete -c hawser -n '__hawser_in "logout"' -l config -r -F -a '' -d 'as with \'hawser login\''
complete -c hawser -n '__hawser_in "logout"' -l help -d 'Print the help.'
complete -c hawser -n '__hawser_at "" 0' -a account -d 'who is logged in, and whether that still counts'
complete -c hawser -n '__hawser_in "account"' -l offline -d 'print what is kept, and do not ask the server'
complete -c hawser -n '__hawser_in "account"' -l server -x -a '' -d ''
complete -c hawser -n '__hawser_in "account"' -l key -x -a '' -d ''
complete -c hawser -n '__hawser_in "account"' -l config -r -F -a '' -d 'as with \'hawser login\''
complete -c hawser -n '__hawser_in "account"' -l help -d 'Print the help.'
complete -c hawser -n '__hawser_at "" 0' -a id -d 'the ID of this machine\'s host'
complete -c hawser -n '__hawser_at "" 0' -a password -d 'the password of this machine\'s host'
complete -c hawser -n '__hawser_at "password" 0' -a 'show'
complete -c hawser -n '__hawser_at "password" 0' -a 'renew'
complete -c hawser -n '__hawser_at "password" 0' -a 'set'
complete -c hawser -n '__hawser_at "password" 0' -a 'remove'
complete -c hawser -n '__hawser_at "" 0' -a status -d 'what this machine\'s host is doing'
complete -c hawser -n '__hawser_at "" 0' -a config -d 'the viewer\'s settings'
complete -c hawser -n '__hawser_at "config" 0' -a 'show'
complete -c hawser -n '__hawser_at "config" 0' -a 'get'
complete -c hawser -n '__hawser_at "config" 0' -a 'set'
complete -c hawser -n '__hawser_at "config" 0' -a 'path'
complete -c hawser -n '__hawser_at "config" 1 get' -a '(hawser config show 2>/dev/null </dev/null | string match -r -g "^[#; ]*([a-z][a-z0-9-]*) *=")'
complete -c hawser -n '__hawser_at "config" 1 set' -a '(hawser config show 2>/dev/null </dev/null | string match -r -g "^[#; ]*([a-z][a-z0-9-]*) *=")'
complete -c hawser -n '__hawser_at "" 0' -a peers -d 'the hosts that are remembered, and their keys'
complete -c hawser -n '__hawser_at "peers" 0' -a 'list'
complete -c hawser -n '__hawser_at "peers" 0' -a 'show'
complete -c hawser -n '__hawser_at "peers" 0' -a 'forget'
complete -c hawser -n '__hawser_at "peers" 1 "show"' -a '(hawser peers 2>/dev/null </dev/null | string match -r -g "^([A-Za-z0-9][A-Za-z0-9.:@_-]*)(?:\\t.*)?\\$")'
complete -c hawser -n '__hawser_at "peers" 1 "forget"' -a '(hawser peers 2>/dev/null </dev/null | string match -r -g "^([A-Za-z0-9][A-Za-z0-9.:@_-]*)(?:\\t.*)?\\$")'
complete -c hawser -n '__hawser_at "" 0' -a recordings -d 'make recordings whole that a crash left unfinished'
complete -c hawser -n '__hawser_at "recordings" 0' -a 'repair'
complete -c hawser -n '__hawser_at "recordings"; and test (count (__hawser_plain)) -gt 1' -F
complete -c hawser -n '__hawser_at "" 0' -a discover -d 'look for hosts in the local network, without a server'
complete -c hawser -n '__hawser_in "discover"' -l wait -x -a '' -d 'how long to wait for answers: 1 to 60, else 2'
complete -c hawser -n '__hawser_in "discover"' -l help -d 'Print the help.'
complete -c hawser -n '__hawser_at "" 0' -a wake -d 'wake a machine of the local network that sleeps'
complete -c hawser -n '__hawser_at "wake" 0' -a '(hawser peers 2>/dev/null </dev/null | string match -r -g "^([A-Za-z0-9][A-Za-z0-9.:@_-]*)(?:\\t.*)?\\$")'
complete -c hawser -n '__hawser_at "" 0' -a doctor -d 'test this machine\'s network against the server; says what to open'
complete -c hawser -n '__hawser_in "doctor"' -l server -x -a '' -d 'this server instead of those of the settings'
complete -c hawser -n '__hawser_in "doctor"' -l key -x -a '' -d 'its key'
complete -c hawser -n '__hawser_in "doctor"' -l config -r -F -a '' -d 'other settings of the viewer'
complete -c hawser -n '__hawser_in "doctor"' -l json -d 'for programs'
complete -c hawser -n '__hawser_in "doctor"' -l help -d 'Print the help.'
complete -c hawser -n '__hawser_at "" 0' -a viewer-key -d 'the key by which hosts can know this viewer'
complete -c hawser -n '__hawser_at "viewer-key" 0' -a 'fingerprint'
complete -c hawser -n '__hawser_at "" 0' -a version -d 'print the version'
complete -c hawser -n '__hawser_in ""' -l help -d 'Print the help.'
complete -c hawser -n '__hawser_in ""' -l version -d 'Print the version.'
