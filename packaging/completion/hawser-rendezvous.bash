# bash completion of hawser-rendezvous: made by 'hawser-rendezvous completion bash'.

_hawser_rendezvous_verbs=' key config take-over health '

_hawser_rendezvous_options()
{
	case $1 in
	key) echo ' --state-dir --help' ;;
	health) echo ' --ready --config --help' ;;
	*) echo ' --config -c --state-dir --control --control-group --user --sandbox --no-sandbox --bind -b --port -p --nat-port --ws-port --udp-threads --rmem -M --max-links --max-links-per-address --idle --keep-alive --trusted-proxies --proxy-protocol --tls-port --tls-cert --tls-key --tls-relay --key -k --public-key --open --encrypt --no-encrypt --offer-delay --key-copy --enrolled-only --id-change --no-id-change --online-query --block --allow --policy-socket --policy-away --api-socket --register-rate --register-burst --punch-rate --punch-burst --target-rate --target-burst --key-rate --key-burst --online-rate --online-burst --max-peers --store --store-pool --store-queue --node --node-address --node-bind --node-port --relay-servers -r --relay-choice --relay-networks --relay-check --announce-to --always-use-relay --metrics --metrics-bind --metrics-port --log-level --log-format --log-to --help --version' ;;
	esac
}

_hawser_rendezvous_value()
{
	case $1 in
	'key --state-dir') echo 'dir' ;;
	'health --config') echo 'file' ;;
	*' --config'|*' -c') echo 'file' ;;
	*' --state-dir') echo 'dir' ;;
	*' --control') echo 'file' ;;
	*' --control-group') echo 'any' ;;
	*' --user') echo 'any' ;;
	*' --bind'|*' -b') echo 'any' ;;
	*' --port'|*' -p') echo 'any' ;;
	*' --nat-port') echo 'any' ;;
	*' --ws-port') echo 'any' ;;
	*' --udp-threads') echo 'any' ;;
	*' --rmem'|*' -M') echo 'any' ;;
	*' --max-links') echo 'any' ;;
	*' --max-links-per-address') echo 'any' ;;
	*' --idle') echo 'any' ;;
	*' --keep-alive') echo 'any' ;;
	*' --trusted-proxies') echo 'any' ;;
	*' --tls-port') echo 'any' ;;
	*' --tls-cert') echo 'file' ;;
	*' --tls-key') echo 'file' ;;
	*' --tls-relay') echo 'any' ;;
	*' --key'|*' -k') echo 'any' ;;
	*' --public-key') echo 'any' ;;
	*' --offer-delay') echo 'any' ;;
	*' --key-copy') echo 'file' ;;
	*' --online-query') echo 'any known open off' ;;
	*' --block') echo 'any' ;;
	*' --allow') echo 'any' ;;
	*' --policy-socket') echo 'file' ;;
	*' --policy-away') echo 'any refuse last' ;;
	*' --api-socket') echo 'file' ;;
	*' --register-rate') echo 'any' ;;
	*' --register-burst') echo 'any' ;;
	*' --punch-rate') echo 'any' ;;
	*' --punch-burst') echo 'any' ;;
	*' --target-rate') echo 'any' ;;
	*' --target-burst') echo 'any' ;;
	*' --key-rate') echo 'any' ;;
	*' --key-burst') echo 'any' ;;
	*' --online-rate') echo 'any' ;;
	*' --online-burst') echo 'any' ;;
	*' --max-peers') echo 'any' ;;
	*' --store') echo 'any' ;;
	*' --store-pool') echo 'any' ;;
	*' --store-queue') echo 'any' ;;
	*' --node') echo 'any' ;;
	*' --node-address') echo 'any auto off' ;;
	*' --node-bind') echo 'any' ;;
	*' --node-port') echo 'any' ;;
	*' --relay-servers'|*' -r') echo 'any' ;;
	*' --relay-choice') echo 'any nearest weights' ;;
	*' --relay-networks') echo 'any' ;;
	*' --relay-check') echo 'any pair connect' ;;
	*' --announce-to') echo 'any' ;;
	*' --metrics-bind') echo 'any' ;;
	*' --metrics-port') echo 'any' ;;
	*' --log-level') echo 'any error warn info debug trace' ;;
	*' --log-format') echo 'any text json journal' ;;
	*' --log-to') echo 'any stderr stdout' ;;
	*) return 1 ;;
	esac
}

_hawser_rendezvous_settings()
{
	"$1" config show 2>/dev/null </dev/null | sed -nE 's/^[#; ]*([a-z][a-z0-9-]*) *=.*/\1/p' | sort -u | tr '\n' ' '
}

_hawser_rendezvous_words()
{
	case "$1 $2 $3" in
	' 0 '*) echo "words $_hawser_rendezvous_verbs" ;;
	'key 0 '*) echo "file" ;;
	'key '*) echo file ;;
	'take-over 0 '*) echo "file" ;;
	'take-over '*) echo file ;;
	'health 0 '*) echo "file" ;;
	'health '*) echo file ;;
	esac
}

_hawser_rendezvous()
{
	local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
	local verb= first= count=0 i word what words=

	for ((i = 1; i < COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		if [[ $word == -?* ]]; then
			if _hawser_rendezvous_value "$verb $word" >/dev/null; then
				[[ ${COMP_WORDS[i + 1]} == = ]] && i=$((i + 1))
				i=$((i + 1))
			fi
		elif [[ -z $verb && $count == 0 && $_hawser_rendezvous_verbs == *" $word "* ]]; then
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
	if [[ $previous == -* ]] && what=$(_hawser_rendezvous_value "$verb $previous"); then
		:
	elif [[ $current == -* ]]; then
		what="words $(_hawser_rendezvous_options "$verb")"
	else
		what=$(_hawser_rendezvous_words "$verb" $count "$first" "${COMP_WORDS[0]}")
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

complete -o filenames -F _hawser_rendezvous hawser-rendezvous
