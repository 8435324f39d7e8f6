# bash completion of hawser-relay: made by 'hawser-relay completion bash'.

_hawser_relay_verbs=' config identity health '

_hawser_relay_options()
{
	case $1 in
	health) echo ' --ready --config --help' ;;
	*) echo ' --config -c --control --control-group --runtime-dir --takeover --user --sandbox --no-sandbox --bind -b --port -p --ws-port --threads --max-pairs --max-waiting --max-waiting-per-address --max-links-per-address --pipes --first-frame-timeout --wait-timeout --idle-timeout --drain-timeout --ws-message-max --trusted-proxies --proxy-protocol --tls-cert --tls-key --key -k --key-file --open --block --block-file --allow --announced --announcers --announce-grace --public-name --identity --limit-pair --limit-address --limit-total --pair-volume --pair-time --slow --slow-file --limit-slow --downgrade-after --downgrade-percent --metrics --metrics-bind --metrics-port --log-level --log-format --log-to --help --version' ;;
	esac
}

_hawser_relay_value()
{
	case $1 in
	'health --config') echo 'file' ;;
	*' --config'|*' -c') echo 'file' ;;
	*' --control') echo 'file' ;;
	*' --control-group') echo 'any' ;;
	*' --runtime-dir') echo 'dir' ;;
	*' --user') echo 'any' ;;
	*' --bind'|*' -b') echo 'any' ;;
	*' --port'|*' -p') echo 'any' ;;
	*' --ws-port') echo 'any' ;;
	*' --threads') echo 'any' ;;
	*' --max-pairs') echo 'any' ;;
	*' --max-waiting') echo 'any' ;;
	*' --max-waiting-per-address') echo 'any' ;;
	*' --max-links-per-address') echo 'any' ;;
	*' --pipes') echo 'any' ;;
	*' --first-frame-timeout') echo 'any' ;;
	*' --wait-timeout') echo 'any' ;;
	*' --idle-timeout') echo 'any' ;;
	*' --drain-timeout') echo 'any' ;;
	*' --ws-message-max') echo 'any' ;;
	*' --trusted-proxies') echo 'any' ;;
	*' --tls-cert') echo 'file' ;;
	*' --tls-key') echo 'file' ;;
	*' --key'|*' -k') echo 'any' ;;
	*' --key-file') echo 'file' ;;
	*' --block') echo 'any' ;;
	*' --block-file') echo 'file' ;;
	*' --allow') echo 'any' ;;
	*' --announced') echo 'any off optional required' ;;
	*' --announcers') echo 'any' ;;
	*' --announce-grace') echo 'any' ;;
	*' --public-name') echo 'any' ;;
	*' --identity') echo 'file' ;;
	*' --limit-pair') echo 'any' ;;
	*' --limit-address') echo 'any' ;;
	*' --limit-total') echo 'any' ;;
	*' --pair-volume') echo 'any' ;;
	*' --pair-time') echo 'any' ;;
	*' --slow') echo 'any' ;;
	*' --slow-file') echo 'file' ;;
	*' --limit-slow') echo 'any' ;;
	*' --downgrade-after') echo 'any' ;;
	*' --downgrade-percent') echo 'any' ;;
	*' --metrics-bind') echo 'any' ;;
	*' --metrics-port') echo 'any' ;;
	*' --log-level') echo 'any error warn info debug trace' ;;
	*' --log-format') echo 'any text json journal' ;;
	*' --log-to') echo 'any stderr stdout' ;;
	*) return 1 ;;
	esac
}

_hawser_relay_settings()
{
	"$1" config show 2>/dev/null </dev/null | sed -nE 's/^[#; ]*([a-z][a-z0-9-]*) *=.*/\1/p' | sort -u | tr '\n' ' '
}

_hawser_relay_words()
{
	case "$1 $2 $3" in
	' 0 '*) echo "words $_hawser_relay_verbs" ;;
	'health 0 '*) echo "file" ;;
	'health '*) echo file ;;
	esac
}

_hawser_relay()
{
	local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
	local verb= first= count=0 i word what words=

	for ((i = 1; i < COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		if [[ $word == -?* ]]; then
			if _hawser_relay_value "$verb $word" >/dev/null; then
				[[ ${COMP_WORDS[i + 1]} == = ]] && i=$((i + 1))
				i=$((i + 1))
			fi
		elif [[ -z $verb && $count == 0 && $_hawser_relay_verbs == *" $word "* ]]; then
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
	if [[ $previous == -* ]] && what=$(_hawser_relay_value "$verb $previous"); then
		:
	elif [[ $current == -* ]]; then
		what="words $(_hawser_relay_options "$verb")"
	else
		what=$(_hawser_relay_words "$verb" $count "$first" "${COMP_WORDS[0]}")
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

complete -o filenames -F _hawser_relay hawser-relay
