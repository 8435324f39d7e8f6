# fish completion of hawser-desktop: made by 'hawser-desktop completion fish'.

function __hawser_desktop_plain
	set -l verb ''
	set -l skip 0
	for word in (commandline -opc)[2..-1]
		if test $skip = 1
			set skip 0
			continue
		end
		switch "$verb $word"
		case '* --server'
			set skip 1
		case '* --key'
			set skip 1
		case '* --config'
			set skip 1
		case '* --password-file'
			set skip 1
		case '* --accept-key'
			set skip 1
		case '* --clipboard'
			set skip 1
		case '* --display'
			set skip 1
		case '* --resolution'
			set skip 1
		case '* --follow'
			set skip 1
		case '* --audio'
			set skip 1
		case '* --volume'
			set skip 1
		case '* --quality'
			set skip 1
		case '* --codec'
			set skip 1
		case '* --chroma'
			set skip 1
		case '* --keyboard'
			set skip 1
		case '* --fps'
			set skip 1
		case '* --seconds'
			set skip 1
		case '* --screenshot'
			set skip 1
		case '* -*'
		case '*'
			echo $word
			test -n "$verb"; or set verb $word
		end
	end
end

function __hawser_desktop_in
	set -l plain (__hawser_desktop_plain)
	switch "$plain[1]"
		case ''
			test "$plain[1]" = "$argv[1]"
		case '*'
			test -z "$argv[1]"
	end
end

function __hawser_desktop_at
	set -l plain (__hawser_desktop_plain)
	test "$plain[1]" = "$argv[1]"; or return 1
	test (count $argv) -lt 2; or test -z "$argv[1]"
	or test (count $plain) -eq (math $argv[2] + 1); or return 1
	test (count $argv) -lt 3; or test "$plain[2]" = "$argv[3]"
end

complete -c hawser-desktop -f
complete -c hawser-desktop -n '__hawser_desktop_at "" 0' -a connect -d 'view and control a host'
complete -c hawser-desktop -n '__hawser_desktop_at "connect" 0' -a '(hawser peers 2>/dev/null </dev/null | string match -r -g "^([A-Za-z0-9][A-Za-z0-9.:@_-]*)(?:\\t.*)?\\$")'
complete -c hawser-desktop -n '__hawser_desktop_in ""' -l server -x -a '' -d 'rendezvous server, instead of the configured one'
complete -c hawser-desktop -n '__hawser_desktop_in ""' -l key -x -a '' -d 'its public key'
complete -c hawser-desktop -n '__hawser_desktop_in ""' -l config -r -F -a '' -d 'configuration file'
complete -c hawser-desktop -n '__hawser_desktop_in ""' -l password-stdin -d 'read the password from standard input'
complete -c hawser-desktop -n '__hawser_desktop_in ""' -l password-file -r -F -a '' -d 'read it from FILE, which others must not be able to read'
complete -c hawser-desktop -n '__hawser_desktop_in ""' -l relay -d 'do not try a direct connection'
complete -c hawser-desktop -n '__hawser_desktop_in ""' -l accept-insecure -d 'agree beforehand to a session without encryption, or with a'
complete -c hawser-desktop -n '__hawser_desktop_in ""' -l accept-key -x -a '' -d 'the host\'s key or fingerprint, as it is shown there'
complete -c hawser-desktop -n '__hawser_desktop_in ""' -l require-v2 -d 'refuse everything but end-to-end encryption by hawser v2'
complete -c hawser-desktop -n '__hawser_desktop_in ""' -l view-only -d 'send no input'
complete -c hawser-desktop -n '__hawser_desktop_in ""' -l clipboard -x -a 'both send receive off ' -d 'share what is copied: send what is copied here, receive'
complete -c hawser-desktop -n '__hawser_desktop_in ""' -l camera -d 'show the host\'s cameras in place of its desktop'
complete -c hawser-desktop -n '__hawser_desktop_in ""' -l no-exact -d 'all by video, no exact changes beside it'
complete -c hawser-desktop -n '__hawser_desktop_in ""' -l no-hardware-codecs -d 'decode by the processor alone'
complete -c hawser-desktop -n '__hawser_desktop_in ""' -l display -x -a 'all windows ' -d 'show display N, counted from 1; 0: the host\'s choice;'
complete -c hawser-desktop -n '__hawser_desktop_in ""' -l resolution -x -a '' -d 'wish this size of the display; it goes back at the end'
complete -c hawser-desktop -n '__hawser_desktop_in ""' -l follow -x -a 'none pointer window both ' -d 'show the display to which the host\'s pointer, or its'
complete -c hawser-desktop -n '__hawser_desktop_in ""' -l virtual-display -d 'wish one display more, without a monitor'
complete -c hawser-desktop -n '__hawser_desktop_in ""' -l privacy -d 'wish the host\'s own monitors dark meanwhile'
complete -c hawser-desktop -n '__hawser_desktop_in ""' -l block-input -d 'wish that mouse and keyboard there have no effect'
complete -c hawser-desktop -n '__hawser_desktop_in ""' -l audio -x -a 'on off ' -d 'the host\'s sound; on, unless it is switched off'
complete -c hawser-desktop -n '__hawser_desktop_in ""' -l volume -x -a '' -d 'how loud it is'
complete -c hawser-desktop -n '__hawser_desktop_in ""' -l call -d 'call the person at the host'
complete -c hawser-desktop -n '__hawser_desktop_in ""' -l remember -d 'keep what logs in (never the password itself)'
complete -c hawser-desktop -n '__hawser_desktop_in ""' -l quality -x -a 'default low balanced best ' -d 'picture quality to ask the host for'
complete -c hawser-desktop -n '__hawser_desktop_in ""' -l codec -x -a 'auto vp8 vp9 av1 h264 h265 ' -d ''
complete -c hawser-desktop -n '__hawser_desktop_in ""' -l chroma -x -a 'auto 420 444 ' -d 'colours of one pixel in four, or of each one'
complete -c hawser-desktop -n '__hawser_desktop_in ""' -l keyboard -x -a 'auto map translate legacy ' -d 'send keys by position (map), as characters (translate) or'
complete -c hawser-desktop -n '__hawser_desktop_in ""' -l fps -x -a '' -d 'at most N pictures a second'
complete -c hawser-desktop -n '__hawser_desktop_in ""' -l fullscreen -d 'begin in full screen'
complete -c hawser-desktop -n '__hawser_desktop_in ""' -l actual-size -d 'one picture pixel is one screen pixel'
complete -c hawser-desktop -n '__hawser_desktop_in ""' -l seconds -x -a '' -d 'end by itself after N seconds'
complete -c hawser-desktop -n '__hawser_desktop_in ""' -l screenshot -r -F -a '' -d 'save the picture of the display when --seconds are over'
complete -c hawser-desktop -n '__hawser_desktop_in ""' -l help -d ''
complete -c hawser-desktop -n '__hawser_desktop_in ""' -l version -d ''
