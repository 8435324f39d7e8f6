# bash completion of hawser-load: made by 'hawser-load completion bash'.

_hawser_load_verbs=' '

_hawser_load_options()
{
	case $1 in
	*) echo ' --config -c --server --key --hosts --first --window --interval --seconds --loss --move --restart --calls --online --relay --pid --links --fresh --no-fresh --site --help --version' ;;
	esac
}

_hawser_load_value()
{
	case $1 in
	*' --config'|*' -c') echo 'file' ;;
	*' --server') echo 'any' ;;
	*' --key') echo 'any' ;;
	*' --hosts') echo 'any' ;;
	*' --first') echo 'any' ;;
	*' --window') echo 'any' ;;
	*' --interval') echo 'any' ;;
	*' --seconds') echo 'any' ;;
	*' --loss') echo 'any' ;;
	*' --move') echo 'any' ;;
	*' --restart') echo 'any' ;;
	*' --calls') echo 'any' ;;
	*' --online') echo 'any' ;;
	*' --relay') echo 'any' ;;
	*' --pid') echo 'any' ;;
	*' --links') echo 'any' ;;
	*) return 1 ;;
	esac
}

_hawser_load_settings()
{
	"$1" config show 2>/dev/null </dev/null | sed -nE 's/^[#; ]*([a-z][a-z0-9-]*) *=.*/\1/p' | sort -u | tr '\n' ' '
}

_hawser_load_words()
{
	case "$1 $2 $3" in
	' 0 '*) echo "words $_hawser_load_verbs" ;;
	esac
}

_hawser_load()
{
	local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
	local verb= first= count=0 i word what words=

	for ((i = 1; i < COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		if [[ $word == -?* ]]; then
			if _hawser_load_value "$verb $word" >/dev/null; then
				[[ ${COMP_WORDS[i + 1]} == = ]] && i=$((i + 1))
				i=$((i + 1))
			fi
		elif [[ -z $verb && $count == 0 && $_hawser_load_verbs == *" $word "* ]]; then
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
	if [[ $previous == -* ]] && what=$(_hawser_load_value "$verb $previous"); then
		:
	elif [[ $current == -* ]]; then
		what="words $(_hawser_load_options "$verb")"
	else
		what=$(_hawser_load_words "$verb" $count "$first" "${COMP_WORDS[0]}")
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

complete -o filenames -F _hawser_load hawser-load
