# bash completion of hawser: made by 'hawser completion bash'.

_hawser_verbs=' connect terminal forward files login logout account id password status config peers recordings discover wake doctor viewer-key version '

_hawser_options()
{
	case $1 in
	connect) echo ' --server --key --config --password-stdin --password-file --relay --accept-insecure --accept-key --require-v2 --view-only --no-exact --no-hardware-codecs --quality --codec --chroma --fps --display --resolution --follow --camera --virtual-display --privacy --block-input --audio --volume --call --clipboard --remember --headless --help --keyboard --fullscreen --actual-size --displays --screenshot --after --click --type --copy --chat --paste --clipboard-in --clipboard-out --copy-files --paste-files --print-to --record --host-screenshot --restart-host --switch-sides --stats --why --timeout --no-retry' ;;
	terminal) echo ' --tty -t --no-tty -T --keep -k --list --attach --kill --user -l --user-password-file --escape -e --server --key --config --password-stdin --password-file --relay --accept-insecure --accept-key --require-v2 --remember --no-retry --timeout --json --quiet --help' ;;
	forward) echo ' --local -L --dynamic -D --remote -R --udp -U --rdp --rdp-port --idle --server --key --config --password-stdin --password-file --relay --accept-insecure --accept-key --require-v2 --remember --no-retry --timeout --json --quiet --help' ;;
	files) echo ' --recursive -r --resume --overwrite --skip --ask --update -u --dry-run -n --delete --checksum -c --all -a --long -l --null -0 --force -f --batch -b --compatible --server --key --config --password-stdin --password-file --relay --accept-insecure --accept-key --require-v2 --remember --no-retry --timeout --json --quiet --help' ;;
	login) echo ' --user --password-file --password-stdin --provider --api --server --key --config --insecure-http --help' ;;
	logout) echo ' --server --key --config --help' ;;
	account) echo ' --offline --server --key --config --help' ;;
	discover) echo ' --wait --help' ;;
	doctor) echo ' --server --key --config --json --help' ;;
	*) echo ' --help --version' ;;
	esac
}

_hawser_value()
{
	case $1 in
	'connect --server') echo 'any' ;;
	'connect --key') echo 'any' ;;
	'connect --config') echo 'file' ;;
	'connect --password-file') echo 'file' ;;
	'connect --accept-key') echo 'any' ;;
	'connect --quality') echo 'any default low balanced best' ;;
	'connect --codec') echo 'any auto vp8 vp9 av1 h264 h265' ;;
	'connect --chroma') echo 'any auto 420 444' ;;
	'connect --fps') echo 'any' ;;
	'connect --display') echo 'any all windows' ;;
	'connect --resolution') echo 'any' ;;
	'connect --follow') echo 'any none pointer window both' ;;
	'connect --audio') echo 'file on off' ;;
	'connect --volume') echo 'any' ;;
	'connect --clipboard') echo 'any both send receive off' ;;
	'connect --keyboard') echo 'any auto map translate legacy' ;;
	'connect --screenshot') echo 'file' ;;
	'connect --after') echo 'any' ;;
	'connect --click') echo 'any' ;;
	'connect --type') echo 'any' ;;
	'connect --copy') echo 'any' ;;
	'connect --chat') echo 'any' ;;
	'connect --clipboard-in') echo 'any' ;;
	'connect --clipboard-out') echo 'any' ;;
	'connect --copy-files') echo 'file' ;;
	'connect --paste-files') echo 'dir' ;;
	'connect --print-to') echo 'dir' ;;
	'connect --record') echo 'file' ;;
	'connect --host-screenshot') echo 'file' ;;
	'connect --timeout') echo 'any' ;;
	'terminal --attach') echo 'any' ;;
	'terminal --kill') echo 'any' ;;
	'terminal --user'|'terminal -l') echo 'any' ;;
	'terminal --user-password-file') echo 'file' ;;
	'terminal --escape'|'terminal -e') echo 'any' ;;
	'terminal --server') echo 'any' ;;
	'terminal --key') echo 'any' ;;
	'terminal --config') echo 'file' ;;
	'terminal --password-file') echo 'file' ;;
	'terminal --accept-key') echo 'any' ;;
	'terminal --timeout') echo 'any' ;;
	'forward --local'|'forward -L') echo 'any' ;;
	'forward --dynamic'|'forward -D') echo 'any' ;;
	'forward --remote'|'forward -R') echo 'any' ;;
	'forward --udp'|'forward -U') echo 'any' ;;
	'forward --rdp-port') echo 'any' ;;
	'forward --idle') echo 'any' ;;
	'forward --server') echo 'any' ;;
	'forward --key') echo 'any' ;;
	'forward --config') echo 'file' ;;
	'forward --password-file') echo 'file' ;;
	'forward --accept-key') echo 'any' ;;
	'forward --timeout') echo 'any' ;;
	'files --batch'|'files -b') echo 'file' ;;
	'files --server') echo 'any' ;;
	'files --key') echo 'any' ;;
	'files --config') echo 'file' ;;
	'files --password-file') echo 'file' ;;
	'files --accept-key') echo 'any' ;;
	'files --timeout') echo 'any' ;;
	'login --user') echo 'any' ;;
	'login --password-file') echo 'file' ;;
	'login --provider') echo 'any' ;;
	'login --api') echo 'any' ;;
	'login --server') echo 'any' ;;
	'login --key') echo 'any' ;;
	'login --config') echo 'file' ;;
	'logout --server') echo 'any' ;;
	'logout --key') echo 'any' ;;
	'logout --config') echo 'file' ;;
	'account --server') echo 'any' ;;
	'account --key') echo 'any' ;;
	'account --config') echo 'file' ;;
	'discover --wait') echo 'any' ;;
	'doctor --server') echo 'any' ;;
	'doctor --key') echo 'any' ;;
	'doctor --config') echo 'file' ;;
	*) return 1 ;;
	esac
}

_hawser_settings()
{
	"$1" config show 2>/dev/null </dev/null | sed -nE 's/^[#; ]*([a-z][a-z0-9-]*) *=.*/\1/p' | sort -u | tr '\n' ' '
}

_hawser_hosts()
{
	hawser peers 2>/dev/null </dev/null | sed -nE 's/^([A-Za-z0-9][A-Za-z0-9._-]*)([[:cntrl:]].*)?$/\1/p' | sort -u | tr '\n' ' '
}

_hawser_words()
{
	case "$1 $2 $3" in
	' 0 '*) echo "words $_hawser_verbs" ;;
	'connect 0 '*) echo "words $(_hawser_hosts)" ;;
	'terminal 0 '*) echo "words $(_hawser_hosts)" ;;
	'forward 0 '*) echo "words $(_hawser_hosts)" ;;
	'files 0 '*) echo "words $(_hawser_hosts)" ;;
	'files 1 '*) echo 'words ls get put rm mkdir mv sync jobs resume forget' ;;
	'files '*) echo file ;;
	'password 0 '*) echo "words show renew set remove" ;;
	'config 1 get'|'config 1 set') echo "words $(_hawser_settings "$4")" ;;
	'config 0 '*) echo "words show get set path" ;;
	'peers 1 show') echo "words $(_hawser_hosts)" ;;
	'peers 1 forget') echo "words $(_hawser_hosts)" ;;
	'peers 0 '*) echo "words list show forget" ;;
	'recordings 0 '*) echo "words repair" ;;
	'recordings '*) echo file ;;
	'wake 0 '*) echo "words $(_hawser_hosts)" ;;
	'viewer-key 0 '*) echo "words fingerprint" ;;
	esac
}

_hawser()
{
	local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
	local verb= first= count=0 i word what words=

	for ((i = 1; i < COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		if [[ $word == -?* ]]; then
			if _hawser_value "$verb $word" >/dev/null; then
				[[ ${COMP_WORDS[i + 1]} == = ]] && i=$((i + 1))
				i=$((i + 1))
			fi
		elif [[ -z $verb && $count == 0 && $_hawser_verbs == *" $word "* ]]; then
			verb=$word
		else
			count=$((count + 1))
			first=${first:-$word}
		fi
	done
	if [[ $current == = ]]; then
		current=
	elif [[ $previous == = ]]; then
		previous=${COMP_WORDS[COMP_CWORD - 2]}
	fi
	COMPREPLY=()
	if [[ $previous == -* ]] && what=$(_hawser_value "$verb $previous"); then
		:
	elif [[ $current == -* ]]; then
		what="words $(_hawser_options "$verb")"
	else
		what=$(_hawser_words "$verb" $count "$first" "${COMP_WORDS[0]}")
	fi
	[[ $what == *' '* ]] && words=${what#* }
	mapfile -t COMPREPLY < <(
		compgen -W "$words" -- "$current" || :
		case $what in
		file*) compgen -f -- "$current" ;;
		dir*) compgen -d -- "$current" ;;
		esac
	)
}

complete -o filenames -F _hawser hawser
