# bash completion of hawser-desktop: made by 'hawser-desktop completion bash'.

_hawser_desktop_verbs=' connect '

_hawser_desktop_options()
{
	case $1 in
	*) echo ' --server --key --config --password-stdin --password-file --relay --accept-insecure --accept-key --require-v2 --view-only --clipboard --camera --no-exact --no-hardware-codecs --display --resolution --follow --virtual-display --privacy --block-input --audio --volume --call --remember --quality --codec --chroma --keyboard --fps --fullscreen --actual-size --seconds --screenshot --help --version' ;;
	esac
}

_hawser_desktop_value()
{
	case $1 in
	*' --server') echo 'any' ;;
	*' --key') echo 'any' ;;
	*' --config') echo 'file' ;;
	*' --password-file') echo 'file' ;;
	*' --accept-key') echo 'any' ;;
	*' --clipboard') echo 'any both send receive off' ;;
	*' --display') echo 'any all windows' ;;
	*' --resolution') echo 'any' ;;
	*' --follow') echo 'any none pointer window both' ;;
	*' --audio') echo 'any on off' ;;
	*' --volume') echo 'any' ;;
	*' --quality') echo 'any default low balanced best' ;;
	*' --codec') echo 'any auto vp8 vp9 av1 h264 h265' ;;
	*' --chroma') echo 'any auto 420 444' ;;
	*' --keyboard') echo 'any auto map translate legacy' ;;
	*' --fps') echo 'any' ;;
	*' --seconds') echo 'any' ;;
	*' --screenshot') echo 'file' ;;
	*) return 1 ;;
	esac
}

_hawser_desktop_settings()
{
	"$1" config show 2>/dev/null </dev/null | sed -nE 's/^[#; ]*([a-z][a-z0-9-]*) *=.*/\1/p' | sort -u | tr '\n' ' '
}

_hawser_desktop_hosts()
{
	hawser peers 2>/dev/null </dev/null | sed -nE 's/^([A-Za-z0-9][A-Za-z0-9._-]*)([[:cntrl:]].*)?$/\1/p' | sort -u | tr '\n' ' '
}

_hawser_desktop_words()
{
	case "$1 $2 $3" in
	' 0 '*) echo "words $_hawser_desktop_verbs" ;;
	'connect 0 '*) echo "words $(_hawser_desktop_hosts)" ;;
	esac
}

_hawser_desktop()
{
	local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
	local verb= first= count=0 i word what words=

	for ((i = 1; i < COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		if [[ $word == -?* ]]; then
			if _hawser_desktop_value "$verb $word" >/dev/null; then
				[[ ${COMP_WORDS[i + 1]} == = ]] && i=$((i + 1))
				i=$((i + 1))
			fi
		elif [[ -z $verb && $count == 0 && $_hawser_desktop_verbs == *" $word "* ]]; then
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
	if [[ $previous == -* ]] && what=$(_hawser_desktop_value "$verb $previous"); then
		:
	elif [[ $current == -* ]]; then
		what="words $(_hawser_desktop_options "$verb")"
	else
		what=$(_hawser_desktop_words "$verb" $count "$first" "${COMP_WORDS[0]}")
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

complete -o filenames -F _hawser_desktop hawser-desktop
