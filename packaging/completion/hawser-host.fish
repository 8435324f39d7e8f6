# fish completion of hawser-host: made by 'hawser-host completion fish'.

function __hawser_host_plain
	set -l verb ''
	set -l skip 0
	for word in (commandline -opc)[2..-1]
		if test $skip = 1
			set skip 0
			continue
		end
		switch "$verb $word"
		case 'run --config' 'run -c'
			set skip 1
		case 'run --state-dir'
			set skip 1
		case 'run --control-socket'
			set skip 1
		case 'run --log-level'
			set skip 1
		case 'run --log-format'
			set skip 1
		case 'run --server' 'run -s'
			set skip 1
		case 'run --key' 'run -k'
			set skip 1
		case 'run --relay'
			set skip 1
		case 'run --resolve-every'
			set skip 1
		case 'run --require-server-proof'
			set skip 1
		case 'run --proxy-url'
			set skip 1
		case 'run --proxy-username'
			set skip 1
		case 'run --direct-server'
			set skip 1
		case 'run --direct-port'
			set skip 1
		case 'run --direct-bind'
			set skip 1
		case 'run --lan-port'
			set skip 1
		case 'run --api-server'
			set skip 1
		case 'run --strategies'
			set skip 1
		case 'run --display' 'run -d'
			set skip 1
		case 'run --backend'
			set skip 1
		case 'run --hardware-codecs'
			set skip 1
		case 'run --desktop-user'
			set skip 1
		case 'run --service-user'
			set skip 1
		case 'run --gate-user'
			set skip 1
		case 'run --voice-call'
			set skip 1
		case 'run --voice-into'
			set skip 1
		case 'run --camera-size'
			set skip 1
		case 'run --camera-fps'
			set skip 1
		case 'run --second-viewer'
			set skip 1
		case 'run --verification-method'
			set skip 1
		case 'run --temporary-password-length'
			set skip 1
		case 'run --whitelist'
			set skip 1
		case 'run --id-whitelist'
			set skip 1
		case 'run --viewer-keys'
			set skip 1
		case 'run --require-encryption'
			set skip 1
		case 'run --max-connections'
			set skip 1
		case 'run --max-per-address'
			set skip 1
		case 'run --login-timeout'
			set skip 1
		case 'run --restart-command'
			set skip 1
		case 'run --viewer-command'
			set skip 1
		case 'run --files-roots'
			set skip 1
		case 'run --files-access'
			set skip 1
		case 'run --terminal-max'
			set skip 1
		case 'run --terminal-keep'
			set skip 1
		case 'run --tunnel-targets'
			set skip 1
		case 'run --tunnel-listen'
			set skip 1
		case 'run --tunnel-streams'
			set skip 1
		case 'run --recording-folder'
			set skip 1
		case 'run --recording-keep'
			set skip 1
		case 'run --recording-max-size'
			set skip 1
		case 'run --access-mode'
			set skip 1
		case 'run --clipboard-direction'
			set skip 1
		case 'audit --since'
			set skip 1
		case '* --config' '* -c'
			set skip 1
		case '* --state-dir'
			set skip 1
		case '* --control-socket'
			set skip 1
		case '* --log-level'
			set skip 1
		case '* --log-format'
			set skip 1
		case '* --server' '* -s'
			set skip 1
		case '* --key' '* -k'
			set skip 1
		case '* --relay'
			set skip 1
		case '* --resolve-every'
			set skip 1
		case '* --require-server-proof'
			set skip 1
		case '* --proxy-url'
			set skip 1
		case '* --proxy-username'
			set skip 1
		case '* --direct-server'
			set skip 1
		case '* --direct-port'
			set skip 1
		case '* --direct-bind'
			set skip 1
		case '* --lan-port'
			set skip 1
		case '* --api-server'
			set skip 1
		case '* --strategies'
			set skip 1
		case '* --display' '* -d'
			set skip 1
		case '* --backend'
			set skip 1
		case '* --hardware-codecs'
			set skip 1
		case '* --desktop-user'
			set skip 1
		case '* --service-user'
			set skip 1
		case '* --gate-user'
			set skip 1
		case '* --voice-call'
			set skip 1
		case '* --voice-into'
			set skip 1
		case '* --camera-size'
			set skip 1
		case '* --camera-fps'
			set skip 1
		case '* --second-viewer'
			set skip 1
		case '* --verification-method'
			set skip 1
		case '* --temporary-password-length'
			set skip 1
		case '* --whitelist'
			set skip 1
		case '* --id-whitelist'
			set skip 1
		case '* --viewer-keys'
			set skip 1
		case '* --require-encryption'
			set skip 1
		case '* --max-connections'
			set skip 1
		case '* --max-per-address'
			set skip 1
		case '* --login-timeout'
			set skip 1
		case '* --restart-command'
			set skip 1
		case '* --viewer-command'
			set skip 1
		case '* --files-roots'
			set skip 1
		case '* --files-access'
			set skip 1
		case '* --terminal-max'
			set skip 1
		case '* --terminal-keep'
			set skip 1
		case '* --tunnel-targets'
			set skip 1
		case '* --tunnel-listen'
			set skip 1
		case '* --tunnel-streams'
			set skip 1
		case '* --recording-folder'
			set skip 1
		case '* --recording-keep'
			set skip 1
		case '* --recording-max-size'
			set skip 1
		case '* --access-mode'
			set skip 1
		case '* --clipboard-direction'
			set skip 1
		case '* -*'
		case '*'
			echo $word
			test -n "$verb"; or set verb $word
		end
	end
end

function __hawser_host_in
	set -l plain (__hawser_host_plain)
	switch "$plain[1]"
		case '' run status doctor audit
			test "$plain[1]" = "$argv[1]"
		case '*'
			test -z "$argv[1]"
	end
end

function __hawser_host_at
	set -l plain (__hawser_host_plain)
	test "$plain[1]" = "$argv[1]"; or return 1
	test (count $argv) -lt 2; or test -z "$argv[1]"
	or test (count $plain) -eq (math $argv[2] + 1); or return 1
	test (count $argv) -lt 3; or test "$plain[2]" = "$argv[3]"
end

complete -c hawser-host -f
complete -c hawser-host -n '__hawser_host_at "" 0' -a run -d 'serve this desktop in the foreground'
complete -c hawser-host -n '__hawser_host_in "run"' -l config -s c -r -F -a '' -d 'Read this configuration file instead of the usual one.'
complete -c hawser-host -n '__hawser_host_in "run"' -l state-dir -x -a '(__fish_complete_directories (commandline -ct)) ' -d 'Keep ID, key and passwords in this folder.'
complete -c hawser-host -n '__hawser_host_in "run"' -l control-socket -r -F -a '' -d 'Listen here for \'hawser-host id\', \'status\', \'chat\' and the like.'
complete -c hawser-host -n '__hawser_host_in "run"' -l log-level -x -a 'error warn info debug trace ' -d 'How much to tell.'
complete -c hawser-host -n '__hawser_host_in "run"' -l log-format -x -a 'text json journal ' -d 'How to write the log.'
complete -c hawser-host -n '__hawser_host_in "run"' -l server -s s -x -a '' -d 'Register with this rendezvous server, or with each of up to eight; a ws:// or wss:// URL reaches one by a WebSocket; ?key=KEY behind one is its key. Without any the host serves direct connections only.'
complete -c hawser-host -n '__hawser_host_in "run"' -l key -s k -x -a '' -d 'The server\'s public key (base64); of several servers one that is the same for all, or one for each, in their order, - for none.'
complete -c hawser-host -n '__hawser_host_in "run"' -l relay -x -a '' -d 'Ask viewers to meet at this relay.'
complete -c hawser-host -n '__hawser_host_in "run"' -l resolve-every -x -a '' -d 'While registered by UDP, look so often whether the server has moved.'
complete -c hawser-host -n '__hawser_host_in "run"' -l require-server-proof -x -a 'auto yes no ' -d 'Obey only what the server proves with its key to have said; auto: once it has proven itself, which deployed servers never do.'
complete -c hawser-host -n '__hawser_host_in "run"' -l only-known-relays -d 'Go to no relay but \'relay\', the server\'s own machine, and those that the server names with a proof.'
complete -c hawser-host -n '__hawser_host_in "run"' -l disable-udp -d 'Register by TCP at once, instead of when UDP gets no answer, and meet viewers by TCP only.'
complete -c hawser-host -n '__hawser_host_in "run"' -l allow-websocket -d 'Reach rendezvous server and relay by WebSockets: at an address by its port and two, at a name by /ws/id and /ws/relay of its web server.'
complete -c hawser-host -n '__hawser_host_in "run"' -l proxy-url -x -a '' -d 'Reach rendezvous server and relay through this proxy: socks5://, http:// or https://HOST[:PORT].'
complete -c hawser-host -n '__hawser_host_in "run"' -l proxy-username -x -a '' -d 'Name at the proxy.'
complete -c hawser-host -n '__hawser_host_in "run"' -l direct-server -x -a 'auto yes no ' -d 'Accept direct connections by address; auto: only when no server, or a port other than 21118, is set.'
complete -c hawser-host -n '__hawser_host_in "run"' -l direct-port -x -a '' -d 'The TCP port for direct connections; 0: any free one.'
complete -c hawser-host -n '__hawser_host_in "run"' -l direct-bind -x -a '' -d 'Accept direct connections at this address only.'
complete -c hawser-host -n '__hawser_host_in "run"' -l lan-port -x -a '' -d 'Answer who looks for hosts in the local network at this UDP port, with ID and name of this machine; 0: do not.'
complete -c hawser-host -n '__hawser_host_in "run"' -l map-ports -d 'Ask the router (PCP, NAT-PMP or UPnP) to pass ports on to this host, so that viewers come directly where the networks of both sides forbid it.'
complete -c hawser-host -n '__hawser_host_in "run"' -l api-server -x -a '' -d 'Tell this API server, as https://desk.example.org, that this host is there, what machine it is and which sessions it has; the server may end sessions. Empty: nothing is told.'
complete -c hawser-host -n '__hawser_host_in "run"' -l strategies -x -a 'off narrow on ' -d 'What \'api-server\' may set here, if the ID server has signed it: nothing; what takes something away from viewers; or all that docs/operate-host.md lists.'
complete -c hawser-host -n '__hawser_host_in "run"' -l display -s d -x -a '' -d 'Serve this X display; default: $DISPLAY.'
complete -c hawser-host -n '__hawser_host_in "run"' -l backend -x -a '' -d 'How to reach the desktop: x11 or headless; default: x11.'
complete -c hawser-host -n '__hawser_host_in "run"' -l notify -d 'Show on the desktop who is connected.'
complete -c hawser-host -n '__hawser_host_in "run"' -l no-notify -d 'Not so.'
complete -c hawser-host -n '__hawser_host_in "run"' -l exact-text -d 'Send small changes of the picture exactly, to viewers of hawser.'
complete -c hawser-host -n '__hawser_host_in "run"' -l no-exact-text -d 'Not so.'
complete -c hawser-host -n '__hawser_host_in "run"' -l hardware-codecs -x -a 'auto off ' -d 'Code pictures by a graphics card where that is faster; DEVICE: by that one, /dev/dri/renderD128.'
complete -c hawser-host -n '__hawser_host_in "run"' -l desktop-user -x -a '' -d 'When started as root: the account whose desktop is served.'
complete -c hawser-host -n '__hawser_host_in "run"' -l service-user -x -a '' -d 'When started as root: the account whose files and terminals are served; default: desktop-user.'
complete -c hawser-host -n '__hawser_host_in "run"' -l gate-user -x -a '' -d 'When started as root: the account for processes that face the network (default: hawser-gate where it exists, else nobody).'
complete -c hawser-host -n '__hawser_host_in "run"' -l voice-call -x -a 'off ask auto ' -d 'Voice calls of viewers: decline all, ask whoever is at the desktop, or answer by itself.'
complete -c hawser-host -n '__hawser_host_in "run"' -l voice-into -x -a 'loudspeakers microphone ' -d 'Where a caller is heard: by who is at the desktop, or by its programs as their microphone, as in a video conference.'
complete -c hawser-host -n '__hawser_host_in "run"' -l camera-size -x -a '' -d 'Take of each camera the size that is next to this one; default: its best, up to 1920x1080.'
complete -c hawser-host -n '__hawser_host_in "run"' -l camera-fps -x -a '' -d 'Take at most so many pictures a second of a camera.'
complete -c hawser-host -n '__hawser_host_in "run"' -l second-viewer -x -a 'share ask take-over refuse ' -d 'When somebody else comes to a desktop that a viewer controls: both control it; the newcomer is told so and takes over when it connects again within a minute; it takes over at once; or it is refused; those who only look on are let in beside it.'
complete -c hawser-host -n '__hawser_host_in "run"' -l verification-method -x -a 'use-both-passwords use-temporary-password use-permanent-password ' -d 'Which passwords open this host.'
complete -c hawser-host -n '__hawser_host_in "run"' -l temporary-password-length -x -a '6 8 10 ' -d 'Characters of a temporary password.'
complete -c hawser-host -n '__hawser_host_in "run"' -l allow-numeric-one-time-password -d 'Temporary passwords of digits only.'
complete -c hawser-host -n '__hawser_host_in "run"' -l weak-one-time-password -d 'Take temporary passwords of less than 10 characters, or of digits only, from RustDesk 1.x viewers, too: who records such a login on its way finds the password in minutes. Hawser viewers may always use them.'
complete -c hawser-host -n '__hawser_host_in "run"' -l whitelist -x -a '' -d 'Comma separated networks that may connect; empty: all.'
complete -c hawser-host -n '__hawser_host_in "run"' -l id-whitelist -x -a '' -d 'Comma separated IDs with * and ? that may connect; empty: all.'
complete -c hawser-host -n '__hawser_host_in "run"' -l trust-server-addresses -d 'At a relay, believe the address of a viewer that a server tells without a proof of its own, as deployed servers do, for \'whitelist\' and failed logins.'
complete -c hawser-host -n '__hawser_host_in "run"' -l viewer-keys -x -a '' -d 'Comma separated keys or fingerprints of hawser viewers that may connect, and no others; empty: all.'
complete -c hawser-host -n '__hawser_host_in "run"' -l require-v2 -d 'Serve hawser viewers only, end-to-end encrypted; refuse RustDesk 1.x viewers, whose scheme a relay operator can attack. The permanent password is then kept in a form that opens nothing; set it again after going back.'
complete -c hawser-host -n '__hawser_host_in "run"' -l require-encryption -x -a 'auto yes no ' -d 'Refuse plain connections; auto: but for direct ones, which deployed viewers cannot encrypt.'
complete -c hawser-host -n '__hawser_host_in "run"' -l max-connections -x -a '' -d 'Connections at the same time.'
complete -c hawser-host -n '__hawser_host_in "run"' -l max-per-address -x -a '' -d 'Connections at the same time from one address.'
complete -c hawser-host -n '__hawser_host_in "run"' -l login-timeout -x -a '' -d 'End a connection that does not log in for so long; ten times that while its user is asked for a password.'
complete -c hawser-host -n '__hawser_host_in "run"' -l sandbox -d 'Confine all processes of the host, those that face the network most.'
complete -c hawser-host -n '__hawser_host_in "run"' -l no-sandbox -d 'Not so.'
complete -c hawser-host -n '__hawser_host_in "run"' -l restart-command -r -F -a '' -d 'What restarts the machine for a viewer who may; started with the word \'reboot\', by the account that started the host; default: systemctl reboot.'
complete -c hawser-host -n '__hawser_host_in "run"' -l viewer-command -r -F -a '' -d 'What is started on the desktop when a viewer changes sides; default: hawser.'
complete -c hawser-host -n '__hawser_host_in "run"' -l files-roots -x -a '(__fish_complete_directories (commandline -ct)) ' -d 'Folders, with : between them, that files may be in; ~ is the home of the account; default: ~. Sessions of files that are open end when it changes, and can be resumed.'
complete -c hawser-host -n '__hawser_host_in "run"' -l files-access -x -a 'read-write read-only write-only ' -d 'read-only: nothing is changed; write-only: files come in, and none is read, listed or replaced.'
complete -c hawser-host -n '__hawser_host_in "run"' -l terminal-max -x -a '' -d 'Shells of an account at the same time, those that are kept included.'
complete -c hawser-host -n '__hawser_host_in "run"' -l terminal-keep -x -a '' -d 'How long a shell lives on without a viewer that it is kept for; 0: not at all.'
complete -c hawser-host -n '__hawser_host_in "run"' -l tunnel-targets -x -a '' -d 'Comma separated HOST:PORTS[/udp] that tunnels may reach: a name, *.domain, address, network, localhost or *; ports as N, N-M or *; empty: nothing.'
complete -c hawser-host -n '__hawser_host_in "run"' -l tunnel-listen -x -a '' -d 'The same for where this host may listen for a viewer, with an address, localhost or *; empty: nowhere.'
complete -c hawser-host -n '__hawser_host_in "run"' -l tunnel-streams -x -a '' -d 'Connections of one session at the same time.'
complete -c hawser-host -n '__hawser_host_in "run"' -l record-incoming -d 'Keep what viewers are sent of the desktop in files; viewers and the person at the desktop are told.'
complete -c hawser-host -n '__hawser_host_in "run"' -l recording-folder -x -a '(__fish_complete_directories (commandline -ct)) ' -d 'Where to; ~ is the home of the account whose desktop is served; default: ~/Videos/hawser.'
complete -c hawser-host -n '__hawser_host_in "run"' -l recording-keep -x -a '' -d 'Remove such recordings that are older; 0: none.'
complete -c hawser-host -n '__hawser_host_in "run"' -l recording-max-size -x -a '' -d 'Remove the oldest of them when all together are larger; 0: none.'
complete -c hawser-host -n '__hawser_host_in "run"' -l access-mode -x -a 'custom full view ' -d 'full: everything below; view: nothing of it; custom: as set.'
complete -c hawser-host -n '__hawser_host_in "run"' -l enable-keyboard -d 'Viewers may use keyboard and mouse.'
complete -c hawser-host -n '__hawser_host_in "run"' -l no-enable-keyboard -d 'Not so.'
complete -c hawser-host -n '__hawser_host_in "run"' -l enable-clipboard -d 'Viewers may share the clipboard.'
complete -c hawser-host -n '__hawser_host_in "run"' -l no-enable-clipboard -d 'Not so.'
complete -c hawser-host -n '__hawser_host_in "run"' -l clipboard-direction -x -a 'both to-host from-host off ' -d 'to-host: what is copied here stays here; from-host: what viewers copy does not come; files included.'
complete -c hawser-host -n '__hawser_host_in "run"' -l one-way-clipboard-redirection -d 'What is copied here stays here, whatever clipboard-direction says.'
complete -c hawser-host -n '__hawser_host_in "run"' -l enable-audio -d 'Viewers may hear sound, and ring.'
complete -c hawser-host -n '__hawser_host_in "run"' -l no-enable-audio -d 'Not so.'
complete -c hawser-host -n '__hawser_host_in "run"' -l enable-file-transfer -d 'Viewers may transfer files: those of \'files-roots\', as \'files-access\' says.'
complete -c hawser-host -n '__hawser_host_in "run"' -l no-enable-file-transfer -d 'Not so.'
complete -c hawser-host -n '__hawser_host_in "run"' -l enable-camera -d 'Viewers may see the cameras of this machine.'
complete -c hawser-host -n '__hawser_host_in "run"' -l no-enable-camera -d 'Not so.'
complete -c hawser-host -n '__hawser_host_in "run"' -l enable-terminal -d 'Viewers may open a terminal.'
complete -c hawser-host -n '__hawser_host_in "run"' -l no-enable-terminal -d 'Not so.'
complete -c hawser-host -n '__hawser_host_in "run"' -l enable-tunnel -d 'Viewers may forward ports: to \'tunnel-targets\', and to nothing else.'
complete -c hawser-host -n '__hawser_host_in "run"' -l no-enable-tunnel -d 'Not so.'
complete -c hawser-host -n '__hawser_host_in "run"' -l enable-remote-restart -d 'Viewers may restart the machine.'
complete -c hawser-host -n '__hawser_host_in "run"' -l no-enable-remote-restart -d 'Not so.'
complete -c hawser-host -n '__hawser_host_in "run"' -l enable-record-session -d 'Viewers may record.'
complete -c hawser-host -n '__hawser_host_in "run"' -l no-enable-record-session -d 'Not so.'
complete -c hawser-host -n '__hawser_host_in "run"' -l enable-block-input -d 'Viewers may make mouse and keyboard of this machine have no effect.'
complete -c hawser-host -n '__hawser_host_in "run"' -l no-enable-block-input -d 'Not so.'
complete -c hawser-host -n '__hawser_host_in "run"' -l enable-privacy-mode -d 'Viewers may make the monitors of this machine dark.'
complete -c hawser-host -n '__hawser_host_in "run"' -l no-enable-privacy-mode -d 'Not so.'
complete -c hawser-host -n '__hawser_host_in "run"' -l enable-remote-printer -d 'Viewers may receive what \'hawser-host print\' prints.'
complete -c hawser-host -n '__hawser_host_in "run"' -l no-enable-remote-printer -d 'Not so.'
complete -c hawser-host -n '__hawser_host_in "run"' -l help -d 'Print the help.'
complete -c hawser-host -n '__hawser_host_at "" 0' -a id -d 'show the ID others connect to'
complete -c hawser-host -n '__hawser_host_at "" 0' -a password -d 'show or renew the temporary password; set, from standard input, or remove the permanent one'
complete -c hawser-host -n '__hawser_host_at "password" 0' -a 'show'
complete -c hawser-host -n '__hawser_host_at "password" 0' -a 'renew'
complete -c hawser-host -n '__hawser_host_at "password" 0' -a 'set'
complete -c hawser-host -n '__hawser_host_at "password" 0' -a 'remove'
complete -c hawser-host -n '__hawser_host_at "" 0' -a status -d 'show server, desktop and sessions'
complete -c hawser-host -n '__hawser_host_in "status"' -l json -d ''
complete -c hawser-host -n '__hawser_host_in "status"' -l help -d 'Print the help.'
complete -c hawser-host -n '__hawser_host_at "" 0' -a doctor -d 'test whether this host can be reached; says what to open or change'
complete -c hawser-host -n '__hawser_host_in "doctor"' -l json -d ''
complete -c hawser-host -n '__hawser_host_in "doctor"' -l help -d 'Print the help.'
complete -c hawser-host -n '__hawser_host_at "" 0' -a call -d 'answer a voice call of a viewer, or end it'
complete -c hawser-host -n '__hawser_host_at "call" 0' -a 'accept'
complete -c hawser-host -n '__hawser_host_at "call" 0' -a 'reject'
complete -c hawser-host -n '__hawser_host_at "call" 0' -a 'end'
complete -c hawser-host -n '__hawser_host_at "call" 0' -a 'status'
complete -c hawser-host -n '__hawser_host_at "" 0' -a chat -d 'write to a viewer, or to all; -: what standard input holds'
complete -c hawser-host -n '__hawser_host_at "" 0' -a print -d 'print a PDF or PostScript file at a viewer, or at all'
complete -c hawser-host -n '__hawser_host_at "print"; and test (count (__hawser_host_plain)) -gt 0' -F
complete -c hawser-host -n '__hawser_host_at "" 0' -a kick -d 'end a session'
complete -c hawser-host -n '__hawser_host_at "kick" 0' -a 'all'
complete -c hawser-host -n '__hawser_host_at "" 0' -a permit -d 'show or change what one session may do'
complete -c hawser-host -n '__hawser_host_at "" 0' -a audit -d 'show what was done at this host'
complete -c hawser-host -n '__hawser_host_in "audit"' -l json -d ''
complete -c hawser-host -n '__hawser_host_in "audit"' -l follow -d ''
complete -c hawser-host -n '__hawser_host_in "audit"' -l since -x -a '' -d ''
complete -c hawser-host -n '__hawser_host_in "audit"' -l help -d 'Print the help.'
complete -c hawser-host -n '__hawser_host_at "" 0' -a config -d 'show, check or change the configuration; set without VALUE: the default again'
complete -c hawser-host -n '__hawser_host_at "config" 0' -a 'show'
complete -c hawser-host -n '__hawser_host_at "config" 0' -a 'check'
complete -c hawser-host -n '__hawser_host_at "config" 0' -a 'get'
complete -c hawser-host -n '__hawser_host_at "config" 0' -a 'path'
complete -c hawser-host -n '__hawser_host_at "config" 0' -a 'set'
complete -c hawser-host -n '__hawser_host_at "config" 1 get' -a '(hawser-host config show 2>/dev/null </dev/null | string match -r -g "^[#; ]*([a-z][a-z0-9-]*) *=")'
complete -c hawser-host -n '__hawser_host_at "config" 1 set' -a '(hawser-host config show 2>/dev/null </dev/null | string match -r -g "^[#; ]*([a-z][a-z0-9-]*) *=")'
complete -c hawser-host -n '__hawser_host_in ""' -l config -s c -r -F -a '' -d 'Read this configuration file instead of the usual one.'
complete -c hawser-host -n '__hawser_host_in ""' -l state-dir -x -a '(__fish_complete_directories (commandline -ct)) ' -d 'Keep ID, key and passwords in this folder.'
complete -c hawser-host -n '__hawser_host_in ""' -l control-socket -r -F -a '' -d 'Listen here for \'hawser-host id\', \'status\', \'chat\' and the like.'
complete -c hawser-host -n '__hawser_host_in ""' -l log-level -x -a 'error warn info debug trace ' -d 'How much to tell.'
complete -c hawser-host -n '__hawser_host_in ""' -l log-format -x -a 'text json journal ' -d 'How to write the log.'
complete -c hawser-host -n '__hawser_host_in ""' -l server -s s -x -a '' -d 'Register with this rendezvous server, or with each of up to eight; a ws:// or wss:// URL reaches one by a WebSocket; ?key=KEY behind one is its key. Without any the host serves direct connections only.'
complete -c hawser-host -n '__hawser_host_in ""' -l key -s k -x -a '' -d 'The server\'s public key (base64); of several servers one that is the same for all, or one for each, in their order, - for none.'
complete -c hawser-host -n '__hawser_host_in ""' -l relay -x -a '' -d 'Ask viewers to meet at this relay.'
complete -c hawser-host -n '__hawser_host_in ""' -l resolve-every -x -a '' -d 'While registered by UDP, look so often whether the server has moved.'
complete -c hawser-host -n '__hawser_host_in ""' -l require-server-proof -x -a 'auto yes no ' -d 'Obey only what the server proves with its key to have said; auto: once it has proven itself, which deployed servers never do.'
complete -c hawser-host -n '__hawser_host_in ""' -l only-known-relays -d 'Go to no relay but \'relay\', the server\'s own machine, and those that the server names with a proof.'
complete -c hawser-host -n '__hawser_host_in ""' -l disable-udp -d 'Register by TCP at once, instead of when UDP gets no answer, and meet viewers by TCP only.'
complete -c hawser-host -n '__hawser_host_in ""' -l allow-websocket -d 'Reach rendezvous server and relay by WebSockets: at an address by its port and two, at a name by /ws/id and /ws/relay of its web server.'
complete -c hawser-host -n '__hawser_host_in ""' -l proxy-url -x -a '' -d 'Reach rendezvous server and relay through this proxy: socks5://, http:// or https://HOST[:PORT].'
complete -c hawser-host -n '__hawser_host_in ""' -l proxy-username -x -a '' -d 'Name at the proxy.'
complete -c hawser-host -n '__hawser_host_in ""' -l direct-server -x -a 'auto yes no ' -d 'Accept direct connections by address; auto: only when no server, or a port other than 21118, is set.'
complete -c hawser-host -n '__hawser_host_in ""' -l direct-port -x -a '' -d 'The TCP port for direct connections; 0: any free one.'
complete -c hawser-host -n '__hawser_host_in ""' -l direct-bind -x -a '' -d 'Accept direct connections at this address only.'
complete -c hawser-host -n '__hawser_host_in ""' -l lan-port -x -a '' -d 'Answer who looks for hosts in the local network at this UDP port, with ID and name of this machine; 0: do not.'
complete -c hawser-host -n '__hawser_host_in ""' -l map-ports -d 'Ask the router (PCP, NAT-PMP or UPnP) to pass ports on to this host, so that viewers come directly where the networks of both sides forbid it.'
complete -c hawser-host -n '__hawser_host_in ""' -l api-server -x -a '' -d 'Tell this API server, as https://desk.example.org, that this host is there, what machine it is and which sessions it has; the server may end sessions. Empty: nothing is told.'
complete -c hawser-host -n '__hawser_host_in ""' -l strategies -x -a 'off narrow on ' -d 'What \'api-server\' may set here, if the ID server has signed it: nothing; what takes something away from viewers; or all that docs/operate-host.md lists.'
complete -c hawser-host -n '__hawser_host_in ""' -l display -s d -x -a '' -d 'Serve this X display; default: $DISPLAY.'
complete -c hawser-host -n '__hawser_host_in ""' -l backend -x -a '' -d 'How to reach the desktop: x11 or headless; default: x11.'
complete -c hawser-host -n '__hawser_host_in ""' -l notify -d 'Show on the desktop who is connected.'
complete -c hawser-host -n '__hawser_host_in ""' -l no-notify -d 'Not so.'
complete -c hawser-host -n '__hawser_host_in ""' -l exact-text -d 'Send small changes of the picture exactly, to viewers of hawser.'
complete -c hawser-host -n '__hawser_host_in ""' -l no-exact-text -d 'Not so.'
complete -c hawser-host -n '__hawser_host_in ""' -l hardware-codecs -x -a 'auto off ' -d 'Code pictures by a graphics card where that is faster; DEVICE: by that one, /dev/dri/renderD128.'
complete -c hawser-host -n '__hawser_host_in ""' -l desktop-user -x -a '' -d 'When started as root: the account whose desktop is served.'
complete -c hawser-host -n '__hawser_host_in ""' -l service-user -x -a '' -d 'When started as root: the account whose files and terminals are served; default: desktop-user.'
complete -c hawser-host -n '__hawser_host_in ""' -l gate-user -x -a '' -d 'When started as root: the account for processes that face the network (default: hawser-gate where it exists, else nobody).'
complete -c hawser-host -n '__hawser_host_in ""' -l voice-call -x -a 'off ask auto ' -d 'Voice calls of viewers: decline all, ask whoever is at the desktop, or answer by itself.'
complete -c hawser-host -n '__hawser_host_in ""' -l voice-into -x -a 'loudspeakers microphone ' -d 'Where a caller is heard: by who is at the desktop, or by its programs as their microphone, as in a video conference.'
complete -c hawser-host -n '__hawser_host_in ""' -l camera-size -x -a '' -d 'Take of each camera the size that is next to this one; default: its best, up to 1920x1080.'
complete -c hawser-host -n '__hawser_host_in ""' -l camera-fps -x -a '' -d 'Take at most so many pictures a second of a camera.'
complete -c hawser-host -n '__hawser_host_in ""' -l second-viewer -x -a 'share ask take-over refuse ' -d 'When somebody else comes to a desktop that a viewer controls: both control it; the newcomer is told so and takes over when it connects again within a minute; it takes over at once; or it is refused; those who only look on are let in beside it.'
complete -c hawser-host -n '__hawser_host_in ""' -l verification-method -x -a 'use-both-passwords use-temporary-password use-permanent-password ' -d 'Which passwords open this host.'
complete -c hawser-host -n '__hawser_host_in ""' -l temporary-password-length -x -a '6 8 10 ' -d 'Characters of a temporary password.'
complete -c hawser-host -n '__hawser_host_in ""' -l allow-numeric-one-time-password -d 'Temporary passwords of digits only.'
complete -c hawser-host -n '__hawser_host_in ""' -l weak-one-time-password -d 'Take temporary passwords of less than 10 characters, or of digits only, from RustDesk 1.x viewers, too: who records such a login on its way finds the password in minutes. Hawser viewers may always use them.'
complete -c hawser-host -n '__hawser_host_in ""' -l whitelist -x -a '' -d 'Comma separated networks that may connect; empty: all.'
complete -c hawser-host -n '__hawser_host_in ""' -l id-whitelist -x -a '' -d 'Comma separated IDs with * and ? that may connect; empty: all.'
complete -c hawser-host -n '__hawser_host_in ""' -l trust-server-addresses -d 'At a relay, believe the address of a viewer that a server tells without a proof of its own, as deployed servers do, for \'whitelist\' and failed logins.'
complete -c hawser-host -n '__hawser_host_in ""' -l viewer-keys -x -a '' -d 'Comma separated keys or fingerprints of hawser viewers that may connect, and no others; empty: all.'
complete -c hawser-host -n '__hawser_host_in ""' -l require-v2 -d 'Serve hawser viewers only, end-to-end encrypted; refuse RustDesk 1.x viewers, whose scheme a relay operator can attack. The permanent password is then kept in a form that opens nothing; set it again after going back.'
complete -c hawser-host -n '__hawser_host_in ""' -l require-encryption -x -a 'auto yes no ' -d 'Refuse plain connections; auto: but for direct ones, which deployed viewers cannot encrypt.'
complete -c hawser-host -n '__hawser_host_in ""' -l max-connections -x -a '' -d 'Connections at the same time.'
complete -c hawser-host -n '__hawser_host_in ""' -l max-per-address -x -a '' -d 'Connections at the same time from one address.'
complete -c hawser-host -n '__hawser_host_in ""' -l login-timeout -x -a '' -d 'End a connection that does not log in for so long; ten times that while its user is asked for a password.'
complete -c hawser-host -n '__hawser_host_in ""' -l sandbox -d 'Confine all processes of the host, those that face the network most.'
complete -c hawser-host -n '__hawser_host_in ""' -l no-sandbox -d 'Not so.'
complete -c hawser-host -n '__hawser_host_in ""' -l restart-command -r -F -a '' -d 'What restarts the machine for a viewer who may; started with the word \'reboot\', by the account that started the host; default: systemctl reboot.'
complete -c hawser-host -n '__hawser_host_in ""' -l viewer-command -r -F -a '' -d 'What is started on the desktop when a viewer changes sides; default: hawser.'
complete -c hawser-host -n '__hawser_host_in ""' -l files-roots -x -a '(__fish_complete_directories (commandline -ct)) ' -d 'Folders, with : between them, that files may be in; ~ is the home of the account; default: ~. Sessions of files that are open end when it changes, and can be resumed.'
complete -c hawser-host -n '__hawser_host_in ""' -l files-access -x -a 'read-write read-only write-only ' -d 'read-only: nothing is changed; write-only: files come in, and none is read, listed or replaced.'
complete -c hawser-host -n '__hawser_host_in ""' -l terminal-max -x -a '' -d 'Shells of an account at the same time, those that are kept included.'
complete -c hawser-host -n '__hawser_host_in ""' -l terminal-keep -x -a '' -d 'How long a shell lives on without a viewer that it is kept for; 0: not at all.'
complete -c hawser-host -n '__hawser_host_in ""' -l tunnel-targets -x -a '' -d 'Comma separated HOST:PORTS[/udp] that tunnels may reach: a name, *.domain, address, network, localhost or *; ports as N, N-M or *; empty: nothing.'
complete -c hawser-host -n '__hawser_host_in ""' -l tunnel-listen -x -a '' -d 'The same for where this host may listen for a viewer, with an address, localhost or *; empty: nowhere.'
complete -c hawser-host -n '__hawser_host_in ""' -l tunnel-streams -x -a '' -d 'Connections of one session at the same time.'
complete -c hawser-host -n '__hawser_host_in ""' -l record-incoming -d 'Keep what viewers are sent of the desktop in files; viewers and the person at the desktop are told.'
complete -c hawser-host -n '__hawser_host_in ""' -l recording-folder -x -a '(__fish_complete_directories (commandline -ct)) ' -d 'Where to; ~ is the home of the account whose desktop is served; default: ~/Videos/hawser.'
complete -c hawser-host -n '__hawser_host_in ""' -l recording-keep -x -a '' -d 'Remove such recordings that are older; 0: none.'
complete -c hawser-host -n '__hawser_host_in ""' -l recording-max-size -x -a '' -d 'Remove the oldest of them when all together are larger; 0: none.'
complete -c hawser-host -n '__hawser_host_in ""' -l access-mode -x -a 'custom full view ' -d 'full: everything below; view: nothing of it; custom: as set.'
complete -c hawser-host -n '__hawser_host_in ""' -l enable-keyboard -d 'Viewers may use keyboard and mouse.'
complete -c hawser-host -n '__hawser_host_in ""' -l no-enable-keyboard -d 'Not so.'
complete -c hawser-host -n '__hawser_host_in ""' -l enable-clipboard -d 'Viewers may share the clipboard.'
complete -c hawser-host -n '__hawser_host_in ""' -l no-enable-clipboard -d 'Not so.'
complete -c hawser-host -n '__hawser_host_in ""' -l clipboard-direction -x -a 'both to-host from-host off ' -d 'to-host: what is copied here stays here; from-host: what viewers copy does not come; files included.'
complete -c hawser-host -n '__hawser_host_in ""' -l one-way-clipboard-redirection -d 'What is copied here stays here, whatever clipboard-direction says.'
complete -c hawser-host -n '__hawser_host_in ""' -l enable-audio -d 'Viewers may hear sound, and ring.'
complete -c hawser-host -n '__hawser_host_in ""' -l no-enable-audio -d 'Not so.'
complete -c hawser-host -n '__hawser_host_in ""' -l enable-file-transfer -d 'Viewers may transfer files: those of \'files-roots\', as \'files-access\' says.'
complete -c hawser-host -n '__hawser_host_in ""' -l no-enable-file-transfer -d 'Not so.'
complete -c hawser-host -n '__hawser_host_in ""' -l enable-camera -d 'Viewers may see the cameras of this machine.'
complete -c hawser-host -n '__hawser_host_in ""' -l no-enable-camera -d 'Not so.'
complete -c hawser-host -n '__hawser_host_in ""' -l enable-terminal -d 'Viewers may open a terminal.'
complete -c hawser-host -n '__hawser_host_in ""' -l no-enable-terminal -d 'Not so.'
complete -c hawser-host -n '__hawser_host_in ""' -l enable-tunnel -d 'Viewers may forward ports: to \'tunnel-targets\', and to nothing else.'
complete -c hawser-host -n '__hawser_host_in ""' -l no-enable-tunnel -d 'Not so.'
complete -c hawser-host -n '__hawser_host_in ""' -l enable-remote-restart -d 'Viewers may restart the machine.'
complete -c hawser-host -n '__hawser_host_in ""' -l no-enable-remote-restart -d 'Not so.'
complete -c hawser-host -n '__hawser_host_in ""' -l enable-record-session -d 'Viewers may record.'
complete -c hawser-host -n '__hawser_host_in ""' -l no-enable-record-session -d 'Not so.'
complete -c hawser-host -n '__hawser_host_in ""' -l enable-block-input -d 'Viewers may make mouse and keyboard of this machine have no effect.'
complete -c hawser-host -n '__hawser_host_in ""' -l no-enable-block-input -d 'Not so.'
complete -c hawser-host -n '__hawser_host_in ""' -l enable-privacy-mode -d 'Viewers may make the monitors of this machine dark.'
complete -c hawser-host -n '__hawser_host_in ""' -l no-enable-privacy-mode -d 'Not so.'
complete -c hawser-host -n '__hawser_host_in ""' -l enable-remote-printer -d 'Viewers may receive what \'hawser-host print\' prints.'
complete -c hawser-host -n '__hawser_host_in ""' -l no-enable-remote-printer -d 'Not so.'
complete -c hawser-host -n '__hawser_host_in ""' -l help -d 'Print the help.'
complete -c hawser-host -n '__hawser_host_in ""' -l version -d 'Print the version.'
