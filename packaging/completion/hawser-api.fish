# fish completion of hawser-api: made by 'hawser-api completion fish'.

function __hawser_api_plain
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
		case '* --state-dir'
			set skip 1
		case '* --control'
			set skip 1
		case '* --runtime-dir'
			set skip 1
		case '* --user'
			set skip 1
		case '* --bind' '* -b'
			set skip 1
		case '* --port' '* -p'
			set skip 1
		case '* --local-socket'
			set skip 1
		case '* --policy-socket'
			set skip 1
		case '* --socket-group'
			set skip 1
		case '* --admin-socket'
			set skip 1
		case '* --server-name'
			set skip 1
		case '* --threads'
			set skip 1
		case '* --password-threads'
			set skip 1
		case '* --queue'
			set skip 1
		case '* --max-links'
			set skip 1
		case '* --max-links-per-address'
			set skip 1
		case '* --trusted-proxies'
			set skip 1
		case '* --allowed-origins'
			set skip 1
		case '* --drain-timeout'
			set skip 1
		case '* --store'
			set skip 1
		case '* --secrets-file'
			set skip 1
		case '* --rendezvous-control'
			set skip 1
		case '* --relay-control'
			set skip 1
		case '* --presets'
			set skip 1
		case '* --notice-ca'
			set skip 1
		case '* --mails-per-minute'
			set skip 1
		case '* --recording-key'
			set skip 1
		case '* --recording-folder'
			set skip 1
		case '* --recordings-max'
			set skip 1
		case '* --recordings-device-max'
			set skip 1
		case '* --tls-cert'
			set skip 1
		case '* --tls-key'
			set skip 1
		case '* --tls-port'
			set skip 1
		case '* --public-url'
			set skip 1
		case '* --oidc-urls'
			set skip 1
		case '* --oidc-ca'
			set skip 1
		case '* --ldap-ca'
			set skip 1
		case '* --device-rate'
			set skip 1
		case '* --user-rate'
			set skip 1
		case '* --login-rate'
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

function __hawser_api_in
	set -l plain (__hawser_api_plain)
	switch "$plain[1]"
		case '' health
			test "$plain[1]" = "$argv[1]"
		case '*'
			test -z "$argv[1]"
	end
end

function __hawser_api_at
	set -l plain (__hawser_api_plain)
	test "$plain[1]" = "$argv[1]"; or return 1
	test (count $argv) -lt 2; or test -z "$argv[1]"
	or test (count $plain) -eq (math $argv[2] + 1); or return 1
	test (count $argv) -lt 3; or test "$plain[2]" = "$argv[3]"
end

complete -c hawser-api -f
complete -c hawser-api -n '__hawser_api_at "" 0' -a config -d 'print the settings'
complete -c hawser-api -n '__hawser_api_at "" 0' -a health -d 'does it serve?'
complete -c hawser-api -n '__hawser_api_at "health"; and test (count (__hawser_api_plain)) -gt 0' -F
complete -c hawser-api -n '__hawser_api_in "health"' -l ready -d ''
complete -c hawser-api -n '__hawser_api_in "health"' -l config -r -F -a '' -d ''
complete -c hawser-api -n '__hawser_api_in "health"' -l help -d 'Print the help.'
complete -c hawser-api -n '__hawser_api_in ""' -l config -s c -r -F -a '' -d 'Read settings from this INI file (a service: /etc/hawser/api.conf, if it is there).'
complete -c hawser-api -n '__hawser_api_in ""' -l state-dir -x -a '(__fish_complete_directories (commandline -ct)) ' -d 'Folder of the database and its keys (default: the service\'s own).'
complete -c hawser-api -n '__hawser_api_in ""' -l control -r -F -a '' -d 'Control socket for hawser-admin (default: control.sock in the runtime folder).'
complete -c hawser-api -n '__hawser_api_in ""' -l runtime-dir -x -a '(__fish_complete_directories (commandline -ct)) ' -d 'Folder of the control and local sockets (default: the service\'s own).'
complete -c hawser-api -n '__hawser_api_in ""' -l user -x -a '' -d 'Account to become when started as root.'
complete -c hawser-api -n '__hawser_api_in ""' -l sandbox -d 'Give up all system calls that serving does not need; --no-sandbox to debug.'
complete -c hawser-api -n '__hawser_api_in ""' -l no-sandbox -d 'Not so.'
complete -c hawser-api -n '__hawser_api_in ""' -l bind -s b -x -a '' -d 'Serve on this address only (default: all, IPv4 and IPv6).'
complete -c hawser-api -n '__hawser_api_in ""' -l port -s p -x -a '' -d 'Port for HTTP, which clients try that were told nothing; 0 takes a free one and logs it.'
complete -c hawser-api -n '__hawser_api_in ""' -l local-socket -r -F -a '' -d 'Socket for what the ID server of this machine passes on (default: http.sock in the runtime folder).'
complete -c hawser-api -n '__hawser_api_in ""' -l policy-socket -r -F -a '' -d 'Socket where the ID server of this machine asks who may connect (default: policy.sock in the runtime folder).'
complete -c hawser-api -n '__hawser_api_in ""' -l socket-group -x -a '' -d 'Members of this group, as the ID server, may open these two sockets.'
complete -c hawser-api -n '__hawser_api_in ""' -l admin-socket -r -F -a '' -d 'Socket where hawser-admin is the owner; only root and the service can open it (default: admin.sock in the runtime folder).'
complete -c hawser-api -n '__hawser_api_in ""' -l server-name -x -a '' -d 'What the console and second factors call this server (default: this machine\'s name).'
complete -c hawser-api -n '__hawser_api_in ""' -l threads -x -a '' -d 'Threads that answer.'
complete -c hawser-api -n '__hawser_api_in ""' -l password-threads -x -a '' -d 'Threads that check passwords, each busy for a tenth of a second for one.'
complete -c hawser-api -n '__hawser_api_in ""' -l queue -x -a '' -d 'Requests that may wait for a thread; more are told to come again.'
complete -c hawser-api -n '__hawser_api_in ""' -l max-links -x -a '' -d 'Connections at the same time.'
complete -c hawser-api -n '__hawser_api_in ""' -l max-links-per-address -x -a '' -d 'Connections of one address (IPv6: one /64); 0 is no limit.'
complete -c hawser-api -n '__hawser_api_in ""' -l trusted-proxies -x -a '' -d 'Networks whose X-Forwarded-For is believed.'
complete -c hawser-api -n '__hawser_api_in ""' -l allowed-origins -x -a '' -d 'Web sites whose pages may use the API in a browser, as https://web.example; comma separated.'
complete -c hawser-api -n '__hawser_api_in ""' -l drain-timeout -x -a '' -d 'How long requests may go on after a signal to end.'
complete -c hawser-api -n '__hawser_api_in ""' -l store -x -a '' -d 'sqlite, sqlite:FILE, or a postgresql:// address; several servers on one PostgreSQL are one.'
complete -c hawser-api -n '__hawser_api_in ""' -l secrets-file -r -F -a '' -d 'Keys of what is sealed in the database; all servers on one database need the same (default: api.keys in the state folder).'
complete -c hawser-api -n '__hawser_api_in ""' -l rendezvous-control -r -F -a '' -d 'Control socket of the ID server of this machine: what is online, orders, signatures (default: hawser-rendezvous/control.sock beside the runtime folder, once it is there).'
complete -c hawser-api -n '__hawser_api_in ""' -l relay-control -r -F -a '' -d 'Control sockets of relays of this machine; comma separated (default: hawser-relay/control.sock there).'
complete -c hawser-api -n '__hawser_api_in ""' -l register-by-reports -d 'Enter devices that nobody has told of when they first report; only where the ID server is none of ours, since anybody may report.'
complete -c hawser-api -n '__hawser_api_in ""' -l presets -x -a 'ignore queue accept ' -d 'What becomes of the group, strategy, note and address book that a device\'s installer has set for it.'
complete -c hawser-api -n '__hawser_api_in ""' -l notice-ca -r -F -a '' -d 'Authorities (PEM) for the mail server and webhooks, instead of the system\'s.'
complete -c hawser-api -n '__hawser_api_in ""' -l private-webhooks -d 'Webhooks may be in this machine and in private networks: who administers by the console can then reach those.'
complete -c hawser-api -n '__hawser_api_in ""' -l mails-per-minute -x -a '' -d 'Mails that go out in a minute; more wait.'
complete -c hawser-api -n '__hawser_api_in ""' -l recording-key -r -F -a '' -d 'The auditor\'s public key: recordings that devices upload are kept, closed for it; without one none are taken.'
complete -c hawser-api -n '__hawser_api_in ""' -l recording-folder -x -a '(__fish_complete_directories (commandline -ct)) ' -d 'Where they are kept (default: recordings in the state folder); servers on one database need the same.'
complete -c hawser-api -n '__hawser_api_in ""' -l recordings-max -x -a '' -d 'What all together may take; 0 is no limit.'
complete -c hawser-api -n '__hawser_api_in ""' -l recordings-device-max -x -a '' -d 'What those of one device may take.'
complete -c hawser-api -n '__hawser_api_in ""' -l tls-cert -r -F -a '' -d 'Certificate chain (PEM): HTTPS is served, too.'
complete -c hawser-api -n '__hawser_api_in ""' -l tls-key -r -F -a '' -d 'Its private key (PEM).'
complete -c hawser-api -n '__hawser_api_in ""' -l tls-port -x -a '' -d 'Port for HTTPS; 0 takes a free one and logs it.'
complete -c hawser-api -n '__hawser_api_in ""' -l public-url -x -a '' -d 'How browsers and clients reach this server, as https://desk.example.org: for links, and for providers to send browsers back.'
complete -c hawser-api -n '__hawser_api_in ""' -l oidc-urls -x -a '' -d 'Further such addresses that a client may come back by from a provider; comma separated.'
complete -c hawser-api -n '__hawser_api_in ""' -l oidc-ca -r -F -a '' -d 'Authorities (PEM) that vouch for OpenID Connect providers (default: the system\'s).'
complete -c hawser-api -n '__hawser_api_in ""' -l ldap-ca -r -F -a '' -d 'Authorities (PEM) that vouch for the directory (default: the system\'s).'
complete -c hawser-api -n '__hawser_api_in ""' -l unowned-open -d 'Who is logged in may reach devices that nobody owns and no group has.'
complete -c hawser-api -n '__hawser_api_in ""' -l no-unowned-open -d 'Not so.'
complete -c hawser-api -n '__hawser_api_in ""' -l device-rate -x -a '' -d 'Reports of devices a second from one address; 0 is no limit.'
complete -c hawser-api -n '__hawser_api_in ""' -l user-rate -x -a '' -d 'Requests of users a second from one address.'
complete -c hawser-api -n '__hawser_api_in ""' -l login-rate -x -a '' -d 'Attempts to log in a second from one address.'
complete -c hawser-api -n '__hawser_api_in ""' -l metrics -d 'Serve /metrics, /healthz and /readyz.'
complete -c hawser-api -n '__hawser_api_in ""' -l metrics-bind -x -a '' -d 'Address of that page.'
complete -c hawser-api -n '__hawser_api_in ""' -l metrics-port -x -a '' -d 'Port of that page; 0 takes a free one and logs it.'
complete -c hawser-api -n '__hawser_api_in ""' -l log-level -x -a 'error warn info debug trace ' -d 'How much is logged.'
complete -c hawser-api -n '__hawser_api_in ""' -l log-format -x -a 'text json journal ' -d 'How it is logged.'
complete -c hawser-api -n '__hawser_api_in ""' -l log-to -x -a 'stderr stdout ' -d 'Where text and json go; the journal has its own way.'
complete -c hawser-api -n '__hawser_api_in ""' -l help -d 'Print the help.'
complete -c hawser-api -n '__hawser_api_in ""' -l version -d 'Print the version.'
