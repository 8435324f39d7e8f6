# fish completion of hawser-relay: made by 'hawser-relay completion fish'.

function __hawser_relay_plain
	set -l verb ''
	set -l skip 0
	for word in (commandline -opc)[2..-1]
		if test $skip = 1
			set skip 0
			continue
		end
		switch "$verb $word"
		case 'health --config'
			set skip 1
		case '* --config' '* -c'
			set skip 1
		case '* --control'
			set skip 1
		case '* --control-group'
			set skip 1
		case '* --runtime-dir'
			set skip 1
		case '* --user'
			set skip 1
		case '* --bind' '* -b'
			set skip 1
		case '* --port' '* -p'
			set skip 1
		case '* --ws-port'
			set skip 1
		case '* --threads'
			set skip 1
		case '* --max-pairs'
			set skip 1
		case '* --max-waiting'
			set skip 1
		case '* --max-waiting-per-address'
			set skip 1
		case '* --max-links-per-address'
			set skip 1
		case '* --pipes'
			set skip 1
		case '* --first-frame-timeout'
			set skip 1
		case '* --wait-timeout'
			set skip 1
		case '* --idle-timeout'
			set skip 1
		case '* --drain-timeout'
			set skip 1
		case '* --ws-message-max'
			set skip 1
		case '* --trusted-proxies'
			set skip 1
		case '* --tls-cert'
			set skip 1
		case '* --tls-key'
			set skip 1
		case '* --key' '* -k'
			set skip 1
		case '* --key-file'
			set skip 1
		case '* --block'
			set skip 1
		case '* --block-file'
			set skip 1
		case '* --allow'
			set skip 1
		case '* --announced'
			set skip 1
		case '* --announcers'
			set skip 1
		case '* --announce-grace'
			set skip 1
		case '* --public-name'
			set skip 1
		case '* --identity'
			set skip 1
		case '* --limit-pair'
			set skip 1
		case '* --limit-address'
			set skip 1
		case '* --limit-total'
			set skip 1
		case '* --pair-volume'
			set skip 1
		case '* --pair-time'
			set skip 1
		case '* --slow'
			set skip 1
		case '* --slow-file'
			set skip 1
		case '* --limit-slow'
			set skip 1
		case '* --downgrade-after'
			set skip 1
		case '* --downgrade-percent'
			set skip 1
		case '* --metrics-bind'
			set skip 1
		case '* --metrics-port'
			set skip 1
		case '* --log-level'
			set skip 1
		case '* --log-format'
			set skip 1
		case '* --log-to'
			set skip 1
		case '* -*'
		case '*'
			echo $word
			test -n "$verb"; or set verb $word
		end
	end
end

function __hawser_relay_in
	set -l plain (__hawser_relay_plain)
	switch "$plain[1]"
		case '' health
			test "$plain[1]" = "$argv[1]"
		case '*'
			test -z "$argv[1]"
	end
end

function __hawser_relay_at
	set -l plain (__hawser_relay_plain)
	test "$plain[1]" = "$argv[1]"; or return 1
	test (count $argv) -lt 2; or test -z "$argv[1]"
	or test (count $plain) -eq (math $argv[2] + 1); or return 1
	test (count $argv) -lt 3; or test "$plain[2]" = "$argv[3]"
end

complete -c hawser-relay -f
complete -c hawser-relay -n '__hawser_relay_at "" 0' -a config -d 'print the settings'
complete -c hawser-relay -n '__hawser_relay_at "" 0' -a identity -d 'print the public key that the relay announces itself with'
complete -c hawser-relay -n '__hawser_relay_at "" 0' -a health -d 'does it serve?'
complete -c hawser-relay -n '__hawser_relay_at "health"; and test (count (__hawser_relay_plain)) -gt 0' -F
complete -c hawser-relay -n '__hawser_relay_in "health"' -l ready -d ''
complete -c hawser-relay -n '__hawser_relay_in "health"' -l config -r -F -a '' -d ''
complete -c hawser-relay -n '__hawser_relay_in "health"' -l help -d 'Print the help.'
complete -c hawser-relay -n '__hawser_relay_in ""' -l config -s c -r -F -a '' -d 'Read settings from this INI file (a service: /etc/hawser/relay.conf, if it is there).'
complete -c hawser-relay -n '__hawser_relay_in ""' -l control -r -F -a '' -d 'Control socket for hawser-admin (default: control.sock in the runtime folder).'
complete -c hawser-relay -n '__hawser_relay_in ""' -l control-group -x -a '' -d 'Members of this group may use the control socket, as hawser-api does.'
complete -c hawser-relay -n '__hawser_relay_in ""' -l runtime-dir -x -a '(__fish_complete_directories (commandline -ct)) ' -d 'Folder of the control and hand-over sockets (default: the service\'s own).'
complete -c hawser-relay -n '__hawser_relay_in ""' -l takeover -d 'Take the ports and waiting connections over from the relay that runs here, if one does; it ends with its last pair.'
complete -c hawser-relay -n '__hawser_relay_in ""' -l user -x -a '' -d 'Account to become when started as root.'
complete -c hawser-relay -n '__hawser_relay_in ""' -l sandbox -d 'Give up all system calls that serving does not need; --no-sandbox to debug.'
complete -c hawser-relay -n '__hawser_relay_in ""' -l no-sandbox -d 'Not so.'
complete -c hawser-relay -n '__hawser_relay_in ""' -l bind -s b -x -a '' -d 'Serve on this address only (default: all, IPv4 and IPv6).'
complete -c hawser-relay -n '__hawser_relay_in ""' -l port -s p -x -a '' -d 'TCP port; 0 takes a free one and logs it.'
complete -c hawser-relay -n '__hawser_relay_in ""' -l ws-port -x -a '' -d 'WebSocket port, 0 for a free one, or off (default: port + 2).'
complete -c hawser-relay -n '__hawser_relay_in ""' -l threads -x -a '' -d 'Threads that forward; 0 is one for each core.'
complete -c hawser-relay -n '__hawser_relay_in ""' -l max-pairs -x -a '' -d 'Pairs at the same time; 0 is as many as the descriptor limit allows.'
complete -c hawser-relay -n '__hawser_relay_in ""' -l max-waiting -x -a '' -d 'Connections that wait for their partner at the same time.'
complete -c hawser-relay -n '__hawser_relay_in ""' -l max-waiting-per-address -x -a '' -d 'The same for one address (IPv6: one /64); 0 is no limit.'
complete -c hawser-relay -n '__hawser_relay_in ""' -l max-links-per-address -x -a '' -d 'Connections of one address, paired or not; 0 is no limit.'
complete -c hawser-relay -n '__hawser_relay_in ""' -l pipes -x -a '' -d 'Pipes of 1 MiB for each thread: so many directions are spliced at the same moment.'
complete -c hawser-relay -n '__hawser_relay_in ""' -l first-frame-timeout -x -a '' -d 'A connection must have said which pair it belongs to within this time.'
complete -c hawser-relay -n '__hawser_relay_in ""' -l wait-timeout -x -a '' -d 'How long it may wait for its partner.'
complete -c hawser-relay -n '__hawser_relay_in ""' -l idle-timeout -x -a '' -d 'A pair ends when no byte could be moved for so long.'
complete -c hawser-relay -n '__hawser_relay_in ""' -l drain-timeout -x -a '' -d 'How long pairs may go on after a request to end.'
complete -c hawser-relay -n '__hawser_relay_in ""' -l ws-message-max -x -a '' -d 'Largest message between a WebSocket and anything else.'
complete -c hawser-relay -n '__hawser_relay_in ""' -l trusted-proxies -x -a '' -d 'Networks whose X-Forwarded-For or PROXY header is believed.'
complete -c hawser-relay -n '__hawser_relay_in ""' -l proxy-protocol -d 'Trusted proxies start each connection with a PROXY header (v1, v2).'
complete -c hawser-relay -n '__hawser_relay_in ""' -l tls-cert -r -F -a '' -d 'Certificate chain (PEM): the WebSocket port then speaks TLS only.'
complete -c hawser-relay -n '__hawser_relay_in ""' -l tls-key -r -F -a '' -d 'Its private key (PEM).'
complete -c hawser-relay -n '__hawser_relay_in ""' -l key -s k -x -a '' -d 'Public key of the rendezvous server whose clients are served, or several with commas.'
complete -c hawser-relay -n '__hawser_relay_in ""' -l key-file -r -F -a '' -d 'The same from a file: its id_ed25519.pub.'
complete -c hawser-relay -n '__hawser_relay_in ""' -l open -d 'Serve everybody, without a key.'
complete -c hawser-relay -n '__hawser_relay_in ""' -l block -x -a '' -d 'Networks that are not served; running pairs are cut.'
complete -c hawser-relay -n '__hawser_relay_in ""' -l block-file -r -F -a '' -d 'The same from a file, one a line (blocklist.txt of hbbr).'
complete -c hawser-relay -n '__hawser_relay_in ""' -l allow -x -a '' -d 'If set, only these networks are served.'
complete -c hawser-relay -n '__hawser_relay_in ""' -l announced -x -a 'off optional required ' -d 'Serve only pairs that the rendezvous server announced; optional: while it is connected.'
complete -c hawser-relay -n '__hawser_relay_in ""' -l announcers -x -a '' -d 'Rendezvous servers that announce pairs: HOST[:PORT], comma separated.'
complete -c hawser-relay -n '__hawser_relay_in ""' -l announce-grace -x -a '' -d 'With announced=optional: the server must have been connected for so long.'
complete -c hawser-relay -n '__hawser_relay_in ""' -l public-name -x -a '' -d 'This relay as it stands in the rendezvous servers\' relay-servers: they leave it out while it drains.'
complete -c hawser-relay -n '__hawser_relay_in ""' -l identity -r -F -a '' -d 'The relay\'s own key for that (default: relay_ed25519 in the state folder, made when absent).'
complete -c hawser-relay -n '__hawser_relay_in ""' -l limit-pair -x -a '' -d 'Bytes per second of one pair, both directions; 0 is no limit.'
complete -c hawser-relay -n '__hawser_relay_in ""' -l limit-address -x -a '' -d 'Bytes per second of all pairs of one address.'
complete -c hawser-relay -n '__hawser_relay_in ""' -l limit-total -x -a '' -d 'Bytes per second of all pairs; shared fairly between them.'
complete -c hawser-relay -n '__hawser_relay_in ""' -l pair-volume -x -a '' -d 'A pair ends when it has moved so many bytes; 0 is no limit.'
complete -c hawser-relay -n '__hawser_relay_in ""' -l pair-time -x -a '' -d 'A pair ends after this time; 0 is no limit.'
complete -c hawser-relay -n '__hawser_relay_in ""' -l slow -x -a '' -d 'Networks whose pairs get no more than limit-slow.'
complete -c hawser-relay -n '__hawser_relay_in ""' -l slow-file -r -F -a '' -d 'The same from a file, one a line (blacklist.txt of hbbr).'
complete -c hawser-relay -n '__hawser_relay_in ""' -l limit-slow -x -a '' -d 'Bytes per second of a slow pair.'
complete -c hawser-relay -n '__hawser_relay_in ""' -l downgrade-after -x -a '' -d 'Pairs older than this become slow when they used too much of limit-pair; 0 is never.'
complete -c hawser-relay -n '__hawser_relay_in ""' -l downgrade-percent -x -a '' -d 'How much of limit-pair, on average, is too much.'
complete -c hawser-relay -n '__hawser_relay_in ""' -l metrics -d 'Serve /metrics, /healthz and /readyz.'
complete -c hawser-relay -n '__hawser_relay_in ""' -l metrics-bind -x -a '' -d 'Address of that page.'
complete -c hawser-relay -n '__hawser_relay_in ""' -l metrics-port -x -a '' -d 'Port of that page; 0 takes a free one and logs it.'
complete -c hawser-relay -n '__hawser_relay_in ""' -l log-level -x -a 'error warn info debug trace ' -d 'How much is logged.'
complete -c hawser-relay -n '__hawser_relay_in ""' -l log-format -x -a 'text json journal ' -d 'How it is logged.'
complete -c hawser-relay -n '__hawser_relay_in ""' -l log-to -x -a 'stderr stdout ' -d 'Where text and json go; the journal has its own way.'
complete -c hawser-relay -n '__hawser_relay_in ""' -l help -d 'Print the help.'
complete -c hawser-relay -n '__hawser_relay_in ""' -l version -d 'Print the version.'
