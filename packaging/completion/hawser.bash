# bash completion of all hawser programs but hawser-admin, which makes its own. Commands, options and their values are those that --help of the installed program
# names, which it prints from its own tables: there is no second list here that could be out of date.

# Help of the program, or of one of its commands when that has options of its own.
_hawser_help()
{
	if [ -n "$2" ]; then
		"$1" "$2" --help 2>/dev/null </dev/null
	else
		"$1" --help 2>/dev/null </dev/null
	fi
}

# Words that may stand where a command stands: "  word ..." in lists, "PROGRAM word|word ..." in the synopsis.
_hawser_commands()
{
	awk -v name="$1" '
		/^  [a-z][a-z-]*( |$)/ { print $1 }
		{ line = $0; sub(/^[Uu]sage: */, "", line); sub(/^ +/, "", line); gsub(/[][]/, "", line) }
		index(line, name " ") == 1 {
			split(line, word, " ")
			n = split(word[2], one, "|")
			for (i = 1; i <= n; i++) if (one[i] ~ /^[a-z][a-z-]*$/) print one[i]
		}' | sort -u
}

# Words behind the command: "  relay pairs ..." and "PROGRAM config show | config set NAME VALUE".
_hawser_subcommands()
{
	awk -v name="$1" -v verb="$2" '
		{ item = $0; gsub(/[][]/, "", item) }
		index(item, "  " verb " ") == 1 {
			split(item, word, " ") # one blank: a word of the command; more: what it does
			if (item ~ /^  [a-z-]+ [a-z]/ && word[2] ~ /^[a-z][a-z-]*$/) print word[2]
		}
		{ line = $0; sub(/^[Uu]sage: */, "", line); sub(/^ +/, "", line); gsub(/[][]/, "", line) }
		index(line, name " ") == 1 {
			n = split(line, word, " ")
			for (i = 1; i < n; i++) if (word[i] == verb && word[i + 1] ~ /^[a-z][a-z-]*$/) print word[i + 1]
		}' | sort -u
}

# "hawser files HOST ls|get ..." in its synopsis.
_hawser_files_commands()
{
	awk '{ sub(/^[Uu]sage: */, ""); sub(/^ +/, "") }
		index($0, "hawser files ") == 1 {
			gsub(/\[[^]]*\]|[A-Z.]/, "")
			for (i = 3; i <= NF; i++) {
				n = split($i, one, "|")
				for (k = 1; k <= n; k++) if (one[k] ~ /^[a-z]+$/ && one[k] !~ /^(up|down)$/) print one[k]
			}
		}' | sort -u
}

# The help, or only the synopsis of command $2 where that names all its options ("PROGRAM password [--rotate]").
_hawser_options()
{
	awk -v name="$1" -v verb="$2" '
		{ all = all $0 "\n"; line = $0; sub(/^[Uu]sage: */, "", line); sub(/^ +/, "", line) }
		index(line, name " ") == 1 {
			split(line, word, " ")
			if (verb == "" || index("|" word[2] "|", "|" verb "|") == 0) next
			if (!found) found = 1
			own = own line "\n"
			if (tolower(line) ~ /\[option/) found = 2
		}
		END { printf "%s", found == 1 ? own : all }'
}

# Names of settings: "  [#]name = value".
_hawser_settings()
{
	"$1" config show 2>/dev/null </dev/null | sed -nE 's/^[#; ]*([a-z][a-z0-9-]*) *=.*/\1/p' | sort -u
}

# The words after option $1: its choices ("vp8|vp9", also on the line of the option), or what kind of thing it wants.
_hawser_value()
{
	awk -v option="$1" '
		{ for (i = 1; i <= NF && i <= 2; i++) if ($i == option) { print $(i + 1); exit } }'
}

_hawser()
{
	local program=$1 name=${1##*/} current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
	local verb= after= i help value # after: the word behind the command

	for ((i = 1; i < COMP_CWORD; i++)); do
		[[ ${COMP_WORDS[i]} == -* ]] && continue
		after=${verb:+${COMP_WORDS[i]}}
		verb=${verb:-${COMP_WORDS[i]}}
		[ -z "$after" ] || break
	done
	COMPREPLY=()
	help=$(_hawser_help "$program" "")
	if [ -n "$verb" ] && [[ $name == hawser && $verb == @(connect|files|terminal|forward) ]]; then
		help=$(_hawser_help "$program" "$verb")
	fi
	if [[ $previous == --* ]]; then
		value=$(_hawser_value "$previous" <<<"$help")
		if [[ $value =~ ^[a-z0-9-]+(\|[a-z0-9-]+)+$ ]]; then
			mapfile -t COMPREPLY < <(compgen -W "${value//|/ }" -- "$current")
			return
		elif [[ $value =~ ^(FILE|PATH|SOCKET) ]]; then
			mapfile -t COMPREPLY < <(compgen -f -- "$current")
			return
		elif [[ $value =~ ^DIR ]]; then
			mapfile -t COMPREPLY < <(compgen -d -- "$current")
			return
		elif [[ $value =~ ^[A-Z]+([^a-z]|$) ]]; then
			return # a value that nobody can guess
		fi
	fi
	if [[ $current == -* ]]; then
		help=$(_hawser_options "$name" "$verb" <<<"$help" | grep -oE -- '--(\[no-\])?[a-z][a-z0-9-]*' | sed 's/^--\[no-\]\(.*\)/--\1 --no-\1/' | sort -u)
		mapfile -t COMPREPLY < <(compgen -W "$help" -- "$current")
	elif [ -z "$verb" ]; then
		mapfile -t COMPREPLY < <(compgen -W "$(_hawser_commands "$name" <<<"$help")" -- "$current")
	elif [[ $verb == config && $after == @(get|set) ]]; then
		[[ $previous != "$after" ]] || mapfile -t COMPREPLY < <(compgen -W "$(_hawser_settings "$program")" -- "$current")
	elif [[ $name == hawser && $verb == files && $previous == "$after" ]]; then # what is done at the host
		mapfile -t COMPREPLY < <(compgen -W "$(_hawser_files_commands <<<"$help")" -- "$current")
	elif [ -n "$after" ]; then
		mapfile -t COMPREPLY < <(compgen -f -- "$current")
	else
		mapfile -t COMPREPLY < <(compgen -W "$(_hawser_subcommands "$name" "$verb" <<<"$help")" -- "$current")
		[ ${#COMPREPLY[@]} -gt 0 ] || mapfile -t COMPREPLY < <(compgen -f -- "$current")
	fi
}

complete -o filenames -F _hawser hawser hawser-desktop hawser-host hawser-rendezvous hawser-relay hawser-api hawser-load hawser-upload
