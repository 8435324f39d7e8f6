# fish completion of hawser-upload: made by 'hawser-upload completion fish'.

function __hawser_upload_plain
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
		case '* --server' '* -s'
			set skip 1
		case '* --ca-file'
			set skip 1
		case '* --recording-folder' '* -f'
			set skip 1
		case '* --control-socket'
			set skip 1
		case '* --state-dir'
			set skip 1
		case '* --log-level'
			set skip 1
		case '* --log-format'
			set skip 1
		case '* -*'
		case '*'
			echo $word
			test -n "$verb"; or set verb $word
		end
	end
end

function __hawser_upload_in
	set -l plain (__hawser_upload_plain)
	switch "$plain[1]"
		case ''
			test "$plain[1]" = "$argv[1]"
		case '*'
			test -z "$argv[1]"
	end
end

function __hawser_upload_at
	set -l plain (__hawser_upload_plain)
	test "$plain[1]" = "$argv[1]"; or return 1
	test (count $argv) -lt 2; or test -z "$argv[1]"
	or test (count $plain) -eq (math $argv[2] + 1); or return 1
	test (count $argv) -lt 3; or test "$plain[2]" = "$argv[3]"
end

complete -c hawser-upload -f
complete -c hawser-upload -n '__hawser_upload_in ""' -l config -s c -r -F -a '' -d 'Read settings from this INI file.'
complete -c hawser-upload -n '__hawser_upload_in ""' -l server -s s -x -a '' -d 'The API server, as https://api.example; nothing is sent without it.'
complete -c hawser-upload -n '__hawser_upload_in ""' -l ca-file -r -F -a '' -d 'Authorities (PEM) for its certificate, instead of the system\'s.'
complete -c hawser-upload -n '__hawser_upload_in ""' -l plain-http -d 'Send over http to other machines: the recording crosses the network as it is.'
complete -c hawser-upload -n '__hawser_upload_in ""' -l recording-folder -s f -x -a '(__fish_complete_directories (commandline -ct)) ' -d 'Where the recordings are, as in host.conf.'
complete -c hawser-upload -n '__hawser_upload_in ""' -l remove -d 'Remove a recording here once the server has it whole.'
complete -c hawser-upload -n '__hawser_upload_in ""' -l control-socket -r -F -a '' -d 'Where the host listens (default: control.sock in its runtime folder).'
complete -c hawser-upload -n '__hawser_upload_in ""' -l state-dir -x -a '(__fish_complete_directories (commandline -ct)) ' -d 'Remember here what was sent (default: the program\'s own).'
complete -c hawser-upload -n '__hawser_upload_in ""' -l log-level -x -a 'error warn info debug trace ' -d 'How much to tell.'
complete -c hawser-upload -n '__hawser_upload_in ""' -l log-format -x -a 'text json journal ' -d 'How it is told.'
complete -c hawser-upload -n '__hawser_upload_in ""' -l help -d 'Print the help.'
complete -c hawser-upload -n '__hawser_upload_in ""' -l version -d 'Print the version.'
