# bash completion of hawser-upload: made by 'hawser-upload completion bash'.

_hawser_upload_verbs=' '

_hawser_upload_options()
{
	case $1 in
	*) echo ' --config -c --server -s --ca-file --plain-http --recording-folder -f --remove --control-socket --state-dir --log-level --log-format --help --version' ;;
	esac
}

_hawser_upload_value()
{
	case $1 in
	*' --config'|*' -c') echo 'file' ;;
	*' --server'|*' -s') echo 'any' ;;
	*' --ca-file') echo 'file' ;;
	*' --recording-folder'|*' -f') echo 'dir' ;;
	*' --control-socket') echo 'file' ;;
	*' --state-dir') echo 'dir' ;;
	*' --log-level') echo 'any error warn info debug trace' ;;
	*' --log-format') echo 'any text json journal' ;;
	*) return 1 ;;
	esac
}

_hawser_upload_settings()
{
	"$1" config show 2>/dev/null </dev/null | sed -nE 's/^[#; ]*([a-z][a-z0-9-]*) *=.*/\1/p' | sort -u | tr '\n' ' '
}

_hawser_upload_words()
{
	case "$1 $2 $3" in
	' 0 '*) echo "words $_hawser_upload_verbs" ;;
	esac
}

_hawser_upload()
{
	local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
	local verb= first= count=0 i word what words=

	for ((i = 1; i < COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		if [[ $word == -?* ]]; then
			if _hawser_upload_value "$verb $word" >/dev/null; then
				[[ ${COMP_WORDS[i + 1]} == = ]] && i=$((i + 1))
				i=$((i + 1))
			fi
		elif [[ -z $verb && $count == 0 && $_hawser_upload_verbs == *" $word "* ]]; then
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
	if [[ $previous == -* ]] && what=$(_hawser_upload_value "$verb $previous"); then
		:
	elif [[ $current == -* ]]; then
		what="words $(_hawser_upload_options "$verb")"
	else
		what=$(_hawser_upload_words "$verb" $count "$first" "${COMP_WORDS[0]}")
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

complete -o filenames -F _hawser_upload hawser-upload
