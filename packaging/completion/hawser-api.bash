# bash completion of hawser-api: made by 'hawser-api completion bash'.

_hawser_api_verbs=' config health '

_hawser_api_options()
{
	case $1 in
	health) echo ' --ready --config --help' ;;
	*) echo ' --config -c --state-dir --control --runtime-dir --user --sandbox --no-sandbox --bind -b --port -p --local-socket --policy-socket --socket-group --admin-socket --server-name --threads --password-threads --queue --max-links --max-links-per-address --trusted-proxies --allowed-origins --drain-timeout --store --secrets-file --rendezvous-control --relay-control --register-by-reports --presets --notice-ca --private-webhooks --mails-per-minute --recording-key --recording-folder --recordings-max --recordings-device-max --tls-cert --tls-key --tls-port --public-url --oidc-urls --oidc-ca --ldap-ca --unowned-open --no-unowned-open --device-rate --user-rate --login-rate --metrics --metrics-bind --metrics-port --log-level --log-format --log-to --help --version' ;;
	esac
}

_hawser_api_value()
{
	case $1 in
	'health --config') echo 'file' ;;
	*' --config'|*' -c') echo 'file' ;;
	*' --state-dir') echo 'dir' ;;
	*' --control') echo 'file' ;;
	*' --runtime-dir') echo 'dir' ;;
	*' --user') echo 'any' ;;
	*' --bind'|*' -b') echo 'any' ;;
	*' --port'|*' -p') echo 'any' ;;
	*' --local-socket') echo 'file' ;;
	*' --policy-socket') echo 'file' ;;
	*' --socket-group') echo 'any' ;;
	*' --admin-socket') echo 'file' ;;
	*' --server-name') echo 'any' ;;
	*' --threads') echo 'any' ;;
	*' --password-threads') echo 'any' ;;
	*' --queue') echo 'any' ;;
	*' --max-links') echo 'any' ;;
	*' --max-links-per-address') echo 'any' ;;
	*' --trusted-proxies') echo 'any' ;;
	*' --allowed-origins') echo 'any' ;;
	*' --drain-timeout') echo 'any' ;;
	*' --store') echo 'any' ;;
	*' --secrets-file') echo 'file' ;;
	*' --rendezvous-control') echo 'file' ;;
	*' --relay-control') echo 'file' ;;
	*' --presets') echo 'any ignore queue accept' ;;
	*' --notice-ca') echo 'file' ;;
	*' --mails-per-minute') echo 'any' ;;
	*' --recording-key') echo 'file' ;;
	*' --recording-folder') echo 'dir' ;;
	*' --recordings-max') echo 'any' ;;
	*' --recordings-device-max') echo 'any' ;;
	*' --tls-cert') echo 'file' ;;
	*' --tls-key') echo 'file' ;;
	*' --tls-port') echo 'any' ;;
	*' --public-url') echo 'any' ;;
	*' --oidc-urls') echo 'any' ;;
	*' --oidc-ca') echo 'file' ;;
	*' --ldap-ca') echo 'file' ;;
	*' --device-rate') echo 'any' ;;
	*' --user-rate') echo 'any' ;;
	*' --login-rate') echo 'any' ;;
	*' --metrics-bind') echo 'any' ;;
	*' --metrics-port') echo 'any' ;;
	*' --log-level') echo 'any error warn info debug trace' ;;
	*' --log-format') echo 'any text json journal' ;;
	*' --log-to') echo 'any stderr stdout' ;;
	*) return 1 ;;
	esac
}

_hawser_api_settings()
{
	"$1" config show 2>/dev/null </dev/null | sed -nE 's/^[#; ]*([a-z][a-z0-9-]*) *=.*/\1/p' | sort -u | tr '\n' ' '
}

_hawser_api_words()
{
	case "$1 $2 $3" in
	' 0 '*) echo "words $_hawser_api_verbs" ;;
	'health 0 '*) echo "file" ;;
	'health '*) echo file ;;
	esac
}

_hawser_api()
{
	local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
	local verb= first= count=0 i word what words=

	for ((i = 1; i < COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		if [[ $word == -?* ]]; then
			if _hawser_api_value "$verb $word" >/dev/null; then
				[[ ${COMP_WORDS[i + 1]} == = ]] && i=$((i + 1))
				i=$((i + 1))
			fi
		elif [[ -z $verb && $count == 0 && $_hawser_api_verbs == *" $word "* ]]; then
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
	if [[ $previous == -* ]] && what=$(_hawser_api_value "$verb $previous"); then
		:
	elif [[ $current == -* ]]; then
		what="words $(_hawser_api_options "$verb")"
	else
		what=$(_hawser_api_words "$verb" $count "$first" "${COMP_WORDS[0]}")
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

complete -o filenames -F _hawser_api hawser-api
