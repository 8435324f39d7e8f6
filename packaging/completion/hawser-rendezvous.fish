# fish completion of hawser-rendezvous: made by 'hawser-rendezvous completion fish'.

function __hawser_rendezvous_plain
	set -l verb ''
	set -l skip 0
	for word in (commandline -opc)[2..-1]
		if test $skip = 1
			set skip 0
			continue
		end
		switch "$verb $word"
		case 'key --state-dir'
			set skip 1
		case 'health --config'
			set skip 1
		case '* --config' '* -c'
			set skip 1
		case '* --state-dir'
			set skip 1
		case '* --control'
			set skip 1
		case '* --control-group'
			set skip 1
		case '* --user'
			set skip 1
		case '* --bind' '* -b'
			set skip 1
		case '* --port' '* -p'
			set skip 1
		case '* --nat-port'
			set skip 1
		case '* --ws-port'
			set skip 1
		case '* --udp-threads'
			set skip 1
		case '* --rmem' '* -M'
			set skip 1
		case '* --max-links'
			set skip 1
		case '* --max-links-per-address'
			set skip 1
		case '* --idle'
			set skip 1
		case '* --keep-alive'
			set skip 1
		case '* --trusted-proxies'
			set skip 1
		case '* --tls-port'
			set skip 1
		case '* --tls-cert'
			set skip 1
		case '* --tls-key'
			set skip 1
		case '* --tls-relay'
			set skip 1
		case '* --key' '* -k'
			set skip 1
		case '* --public-key'
			set skip 1
		case '* --offer-delay'
			set skip 1
		case '* --key-copy'
			set skip 1
		case '* --online-query'
			set skip 1
		case '* --block'
			set skip 1
		case '* --allow'
			set skip 1
		case '* --policy-socket'
			set skip 1
		case '* --policy-away'
			set skip 1
		case '* --api-socket'
			set skip 1
		case '* --register-rate'
			set skip 1
		case '* --register-burst'
			set skip 1
		case '* --punch-rate'
			set skip 1
		case '* --punch-burst'
			set skip 1
		case '* --target-rate'
			set skip 1
		case '* --target-burst'
			set skip 1
		case '* --key-rate'
			set skip 1
		case '* --key-burst'
			set skip 1
		case '* --online-rate'
			set skip 1
		case '* --online-burst'
			set skip 1
		case '* --max-peers'
			set skip 1
		case '* --store'
			set skip 1
		case '* --store-pool'
			set skip 1
		case '* --store-queue'
			set skip 1
		case '* --node'
			set skip 1
		case '* --node-address'
			set skip 1
		case '* --node-bind'
			set skip 1
		case '* --node-port'
			set skip 1
		case '* --relay-servers' '* -r'
			set skip 1
		case '* --relay-choice'
			set skip 1
		case '* --relay-networks'
			set skip 1
		case '* --relay-check'
			set skip 1
		case '* --announce-to'
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

function __hawser_rendezvous_in
	set -l plain (__hawser_rendezvous_plain)
	switch "$plain[1]"
		case '' key health
			test "$plain[1]" = "$argv[1]"
		case '*'
			test -z "$argv[1]"
	end
end

function __hawser_rendezvous_at
	set -l plain (__hawser_rendezvous_plain)
	test "$plain[1]" = "$argv[1]"; or return 1
	test (count $argv) -lt 2; or test -z "$argv[1]"
	or test (count $plain) -eq (math $argv[2] + 1); or return 1
	test (count $argv) -lt 3; or test "$plain[2]" = "$argv[3]"
end

complete -c hawser-rendezvous -f
complete -c hawser-rendezvous -n '__hawser_rendezvous_at "" 0' -a key -d 'print the public key'
complete -c hawser-rendezvous -n '__hawser_rendezvous_at "key"; and test (count (__hawser_rendezvous_plain)) -gt 0' -F
complete -c hawser-rendezvous -n '__hawser_rendezvous_in "key"' -l state-dir -x -a '(__fish_complete_directories (commandline -ct)) ' -d ''
complete -c hawser-rendezvous -n '__hawser_rendezvous_in "key"' -l help -d 'Print the help.'
complete -c hawser-rendezvous -n '__hawser_rendezvous_at "" 0' -a config -d 'print the settings'
complete -c hawser-rendezvous -n '__hawser_rendezvous_at "" 0' -a take-over -d 'take over the folder of hbbs'
complete -c hawser-rendezvous -n '__hawser_rendezvous_at "take-over"; and test (count (__hawser_rendezvous_plain)) -gt 0' -F
complete -c hawser-rendezvous -n '__hawser_rendezvous_at "" 0' -a health -d 'does it serve?'
complete -c hawser-rendezvous -n '__hawser_rendezvous_at "health"; and test (count (__hawser_rendezvous_plain)) -gt 0' -F
complete -c hawser-rendezvous -n '__hawser_rendezvous_in "health"' -l ready -d ''
complete -c hawser-rendezvous -n '__hawser_rendezvous_in "health"' -l config -r -F -a '' -d ''
complete -c hawser-rendezvous -n '__hawser_rendezvous_in "health"' -l help -d 'Print the help.'
complete -c hawser-rendezvous -n '__hawser_rendezvous_in ""' -l config -s c -r -F -a '' -d 'Read settings from this INI file (a service: /etc/hawser/rendezvous.conf, if it is there).'
complete -c hawser-rendezvous -n '__hawser_rendezvous_in ""' -l state-dir -x -a '(__fish_complete_directories (commandline -ct)) ' -d 'Folder of the key and the database (default: the service\'s own).'
complete -c hawser-rendezvous -n '__hawser_rendezvous_in ""' -l control -r -F -a '' -d 'Control socket for hawser-admin (default: control.sock in the runtime folder).'
complete -c hawser-rendezvous -n '__hawser_rendezvous_in ""' -l control-group -x -a '' -d 'Members of this group may use the control socket, as hawser-api does.'
complete -c hawser-rendezvous -n '__hawser_rendezvous_in ""' -l user -x -a '' -d 'Account to become when started as root.'
complete -c hawser-rendezvous -n '__hawser_rendezvous_in ""' -l sandbox -d 'Give up all system calls that serving does not need; --no-sandbox to debug.'
complete -c hawser-rendezvous -n '__hawser_rendezvous_in ""' -l no-sandbox -d 'Not so.'
complete -c hawser-rendezvous -n '__hawser_rendezvous_in ""' -l bind -s b -x -a '' -d 'Serve on this address only (default: all, IPv4 and IPv6).'
complete -c hawser-rendezvous -n '__hawser_rendezvous_in ""' -l port -s p -x -a '' -d 'Main port, UDP and TCP; 0 takes a free one and logs it.'
complete -c hawser-rendezvous -n '__hawser_rendezvous_in ""' -l nat-port -x -a '' -d 'Port of NAT test and online query; 0 is the main port - 1.'
complete -c hawser-rendezvous -n '__hawser_rendezvous_in ""' -l ws-port -x -a '' -d 'WebSocket port; 0 is the main port + 2.'
complete -c hawser-rendezvous -n '__hawser_rendezvous_in ""' -l udp-threads -x -a '' -d 'Threads of the UDP plane; 0 is one for each core.'
complete -c hawser-rendezvous -n '__hawser_rendezvous_in ""' -l rmem -s M -x -a '' -d 'Receive buffer of each UDP socket; 0 leaves the system\'s.'
complete -c hawser-rendezvous -n '__hawser_rendezvous_in ""' -l max-links -x -a '' -d 'TCP and WebSocket links at the same time.'
complete -c hawser-rendezvous -n '__hawser_rendezvous_in ""' -l max-links-per-address -x -a '' -d 'The same for one address (IPv6: one /64).'
complete -c hawser-rendezvous -n '__hawser_rendezvous_in ""' -l idle -x -a '' -d 'Close a link on which nothing came for so long.'
complete -c hawser-rendezvous -n '__hawser_rendezvous_in ""' -l keep-alive -x -a '' -d 'Heartbeat of hosts that register by TCP or WebSocket.'
complete -c hawser-rendezvous -n '__hawser_rendezvous_in ""' -l trusted-proxies -x -a '' -d 'Networks whose X-Forwarded-For or PROXY header is believed.'
complete -c hawser-rendezvous -n '__hawser_rendezvous_in ""' -l proxy-protocol -d 'Trusted proxies start each TCP link with a PROXY header (v1, v2).'
complete -c hawser-rendezvous -n '__hawser_rendezvous_in ""' -l tls-port -x -a '' -d 'Serve WebSockets in TLS here, if there is a certificate: /ws/id, and /ws/relay handed on.'
complete -c hawser-rendezvous -n '__hawser_rendezvous_in ""' -l tls-cert -r -F -a '' -d 'Certificate chain (PEM), read again on SIGHUP.'
complete -c hawser-rendezvous -n '__hawser_rendezvous_in ""' -l tls-key -r -F -a '' -d 'Its private key (PEM).'
complete -c hawser-rendezvous -n '__hawser_rendezvous_in ""' -l tls-relay -x -a '' -d 'Where /ws/relay is handed on to (a relay\'s WebSocket port).'
complete -c hawser-rendezvous -n '__hawser_rendezvous_in ""' -l key -s k -x -a '' -d '- uses the key file (made when absent); empty: the same, but callers need no key.'
complete -c hawser-rendezvous -n '__hawser_rendezvous_in ""' -l public-key -x -a '' -d 'The public key that clients have: with another key than its own this server does not start.'
complete -c hawser-rendezvous -n '__hawser_rendezvous_in ""' -l open -d 'Serve callers that do not know the key.'
complete -c hawser-rendezvous -n '__hawser_rendezvous_in ""' -l encrypt -d 'Offer encryption on TCP links of the main port.'
complete -c hawser-rendezvous -n '__hawser_rendezvous_in ""' -l no-encrypt -d 'Not so.'
complete -c hawser-rendezvous -n '__hawser_rendezvous_in ""' -l offer-delay -x -a '' -d 'How long a new link may speak first before encryption is offered.'
complete -c hawser-rendezvous -n '__hawser_rendezvous_in ""' -l key-copy -r -F -a '' -d 'Write the public key to this file, too: for a relay that must not see the state folder (its key-file).'
complete -c hawser-rendezvous -n '__hawser_rendezvous_in ""' -l enrolled-only -d 'Devices that are not in the database may not register.'
complete -c hawser-rendezvous -n '__hawser_rendezvous_in ""' -l id-change -d 'Devices may choose another id.'
complete -c hawser-rendezvous -n '__hawser_rendezvous_in ""' -l no-id-change -d 'Not so.'
complete -c hawser-rendezvous -n '__hawser_rendezvous_in ""' -l online-query -x -a 'known open off ' -d 'Who may ask which ids are online: known = addresses that registered a device or showed the key.'
complete -c hawser-rendezvous -n '__hawser_rendezvous_in ""' -l block -x -a '' -d 'Networks that are not served at all.'
complete -c hawser-rendezvous -n '__hawser_rendezvous_in ""' -l allow -x -a '' -d 'If set, only these networks are served.'
complete -c hawser-rendezvous -n '__hawser_rendezvous_in ""' -l policy-socket -r -F -a '' -d 'Ask the API server here who may connect to what (its policy.sock); without it accounts do not count.'
complete -c hawser-rendezvous -n '__hawser_rendezvous_in ""' -l policy-away -x -a 'refuse last ' -d 'When it cannot be asked: refuse, or do what it said last, up to an hour ago.'
complete -c hawser-rendezvous -n '__hawser_rendezvous_in ""' -l api-socket -r -F -a '' -d 'Pass requests for the API that come to the main port on to here (its http.sock).'
complete -c hawser-rendezvous -n '__hawser_rendezvous_in ""' -l register-rate -x -a '' -d 'New or changed registrations per second and address.'
complete -c hawser-rendezvous -n '__hawser_rendezvous_in ""' -l register-burst -x -a '' -d 'How many at once.'
complete -c hawser-rendezvous -n '__hawser_rendezvous_in ""' -l punch-rate -x -a '' -d 'Connection requests per second and address.'
complete -c hawser-rendezvous -n '__hawser_rendezvous_in ""' -l punch-burst -x -a '' -d 'How many at once.'
complete -c hawser-rendezvous -n '__hawser_rendezvous_in ""' -l target-rate -x -a '' -d 'Connection requests per second to one device, shared fairly between those who ask.'
complete -c hawser-rendezvous -n '__hawser_rendezvous_in ""' -l target-burst -x -a '' -d 'How many at once.'
complete -c hawser-rendezvous -n '__hawser_rendezvous_in ""' -l key-rate -x -a '' -d 'Wrong keys per second and address.'
complete -c hawser-rendezvous -n '__hawser_rendezvous_in ""' -l key-burst -x -a '' -d 'How many at once.'
complete -c hawser-rendezvous -n '__hawser_rendezvous_in ""' -l online-rate -x -a '' -d 'Ids asked for in online queries, per second and address.'
complete -c hawser-rendezvous -n '__hawser_rendezvous_in ""' -l online-burst -x -a '' -d 'How many at once.'
complete -c hawser-rendezvous -n '__hawser_rendezvous_in ""' -l max-peers -x -a '' -d 'Devices kept in memory (about 130 bytes each).'
complete -c hawser-rendezvous -n '__hawser_rendezvous_in ""' -l store -x -a '' -d 'sqlite, sqlite:FILE, memory, or a postgresql:// address.'
complete -c hawser-rendezvous -n '__hawser_rendezvous_in ""' -l store-pool -x -a '' -d 'Connections to PostgreSQL.'
complete -c hawser-rendezvous -n '__hawser_rendezvous_in ""' -l store-queue -x -a '' -d 'Registrations kept waiting while the database is away.'
complete -c hawser-rendezvous -n '__hawser_rendezvous_in ""' -l node -x -a '' -d 'Name of this node among several on one PostgreSQL (default: one node only).'
complete -c hawser-rendezvous -n '__hawser_rendezvous_in ""' -l node-address -x -a 'auto off ' -d 'Where the other nodes reach this one for direct encrypted links; the port is the main port + 4 if none is given. auto: this machine\'s address towards the database, else its first; off: this node takes none.'
complete -c hawser-rendezvous -n '__hawser_rendezvous_in ""' -l node-bind -x -a '' -d 'Take these links on this address (default: that of node-address, else all).'
complete -c hawser-rendezvous -n '__hawser_rendezvous_in ""' -l node-port -x -a '' -d 'Take these links on this port; 0 is that of node-address.'
complete -c hawser-rendezvous -n '__hawser_rendezvous_in ""' -l relay-servers -s r -x -a '' -d 'Relays handed out: HOST[:PORT][*WEIGHT], comma separated.'
complete -c hawser-rendezvous -n '__hawser_rendezvous_in ""' -l relay-choice -x -a 'nearest weights ' -d 'Among relays that serve: the nearest to both sides, as far as relays reported distances, or by their weights alone.'
complete -c hawser-rendezvous -n '__hawser_rendezvous_in ""' -l relay-networks -x -a '' -d 'Relays of networks: NET=RELAY, comma separated; the device\'s network goes before the viewer\'s.'
complete -c hawser-rendezvous -n '__hawser_rendezvous_in ""' -l relay-check -x -a 'pair connect ' -d 'How relays are watched: by a connection only, or once a minute also by relaying a few bytes.'
complete -c hawser-rendezvous -n '__hawser_rendezvous_in ""' -l announce-to -x -a '' -d 'Public keys of relays that are told which pairs were agreed, comma separated.'
complete -c hawser-rendezvous -n '__hawser_rendezvous_in ""' -l always-use-relay -d 'No direct connections between devices.'
complete -c hawser-rendezvous -n '__hawser_rendezvous_in ""' -l metrics -d 'Serve /metrics, /healthz and /readyz.'
complete -c hawser-rendezvous -n '__hawser_rendezvous_in ""' -l metrics-bind -x -a '' -d 'Address of that page.'
complete -c hawser-rendezvous -n '__hawser_rendezvous_in ""' -l metrics-port -x -a '' -d 'Port of that page; 0 takes a free one and logs it.'
complete -c hawser-rendezvous -n '__hawser_rendezvous_in ""' -l log-level -x -a 'error warn info debug trace ' -d 'How much is logged.'
complete -c hawser-rendezvous -n '__hawser_rendezvous_in ""' -l log-format -x -a 'text json journal ' -d 'How it is logged.'
complete -c hawser-rendezvous -n '__hawser_rendezvous_in ""' -l log-to -x -a 'stderr stdout ' -d 'Where text and json go; the journal has its own way.'
complete -c hawser-rendezvous -n '__hawser_rendezvous_in ""' -l help -d 'Print the help.'
complete -c hawser-rendezvous -n '__hawser_rendezvous_in ""' -l version -d 'Print the version.'
