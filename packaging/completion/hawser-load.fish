# fish completion of hawser-load: made by 'hawser-load completion fish'.

function __hawser_load_plain
	set -l verb ''
	set -l skip 0
	for word in (commandline -opc)[2..-1]
		if test $skip = 1
			set skip 0
			continue
		end
		switch "$verb $word"
		case '* --config' '* -c'
			set skip 1
		case '* --server'
			set skip 1
		case '* --key'
			set skip 1
		case '* --hosts'
			set skip 1
		case '* --first'
			set skip 1
		case '* --window'
			set skip 1
		case '* --interval'
			set skip 1
		case '* --seconds'
			set skip 1
		case '* --loss'
			set skip 1
		case '* --move'
			set skip 1
		case '* --restart'
			set skip 1
		case '* --calls'
			set skip 1
		case '* --online'
			set skip 1
		case '* --relay'
			set skip 1
		case '* --pid'
			set skip 1
		case '* --links'
			set skip 1
		case '* -*'
		case '*'
			echo $word
			test -n "$verb"; or set verb $word
		end
	end
end

function __hawser_load_in
	set -l plain (__hawser_load_plain)
	switch "$plain[1]"
		case ''
			test "$plain[1]" = "$argv[1]"
		case '*'
			test -z "$argv[1]"
	end
end

function __hawser_load_at
	set -l plain (__hawser_load_plain)
	test "$plain[1]" = "$argv[1]"; or return 1
	test (count $argv) -lt 2; or test -z "$argv[1]"
	or test (count $plain) -eq (math $argv[2] + 1); or return 1
	test (count $argv) -lt 3; or test "$plain[2]" = "$argv[3]"
end

complete -c hawser-load -f
complete -c hawser-load -n '__hawser_load_in ""' -l config -s c -r -F -a '' -d 'Read settings from this INI file.'
complete -c hawser-load -n '__hawser_load_in ""' -l server -x -a '' -d 'The server, on this machine: the devices use addresses in 127.0.0.0/8.'
complete -c hawser-load -n '__hawser_load_in ""' -l key -x -a '' -d 'The server\'s public key; without it viewers are refused.'
complete -c hawser-load -n '__hawser_load_in ""' -l hosts -x -a '' -d 'Devices that register and keep alive.'
complete -c hawser-load -n '__hawser_load_in ""' -l first -x -a '' -d 'Number of the first device (ids count from 100000000).'
complete -c hawser-load -n '__hawser_load_in ""' -l window -x -a '' -d 'Registrations under way at once in the beginning.'
complete -c hawser-load -n '__hawser_load_in ""' -l interval -x -a '' -d 'Between keep-alives of one device.'
complete -c hawser-load -n '__hawser_load_in ""' -l seconds -x -a '' -d 'How long to keep alive and call.'
complete -c hawser-load -n '__hawser_load_in ""' -l loss -x -a '' -d 'Part of the devices\' packets that are lost (0..1).'
complete -c hawser-load -n '__hawser_load_in ""' -l move -x -a '' -d 'Part of keep-alives after which a device has another address (0..1).'
complete -c hawser-load -n '__hawser_load_in ""' -l restart -x -a '' -d 'Part of keep-alives after which a device starts anew (0..1).'
complete -c hawser-load -n '__hawser_load_in ""' -l calls -x -a '' -d 'Connection requests per second.'
complete -c hawser-load -n '__hawser_load_in ""' -l online -x -a '' -d 'Part of the requests that are online queries (0..1; needs --fresh).'
complete -c hawser-load -n '__hawser_load_in ""' -l relay -x -a '' -d 'Part of the answered requests that ask for the relay next (0..1).'
complete -c hawser-load -n '__hawser_load_in ""' -l pid -x -a '' -d 'The server\'s process: its CPU time and memory are reported.'
complete -c hawser-load -n '__hawser_load_in ""' -l links -x -a '' -d 'Links of the viewers.'
complete -c hawser-load -n '__hawser_load_in ""' -l fresh -d 'Each request on a link of its own, as deployed viewers do.'
complete -c hawser-load -n '__hawser_load_in ""' -l no-fresh -d 'Not so.'
complete -c hawser-load -n '__hawser_load_in ""' -l site -d 'All devices and viewers behind one address, as a large site is (at most 20000 devices).'
complete -c hawser-load -n '__hawser_load_in ""' -l help -d 'Print the help.'
complete -c hawser-load -n '__hawser_load_in ""' -l version -d 'Print the version.'
