# The words of the line go to spectrum, which answers what may stand at the cursor: what kind of thing in the first
# line, then one a line. Names of files are the shell's own.
_spectrum() {
    local kind= word
    COMPREPLY=()
    {
        IFS= read -r kind
        while IFS= read -r word; do
            COMPREPLY+=("$word")
        done
    } <<< "$(_SPECTRUM_COMPLETE=bash command spectrum -- "${COMP_LINE:0:COMP_POINT}" "$COMP_WORDBREAKS" 2>/dev/null)"
    # Bash 3.2 has no compopt: what is registered below has to do.
    case $kind in
        begun) compopt -o nospace ;;
        files) compopt -o default ;;
        folders) compopt -o dirnames ;;
    esac 2>/dev/null
}

if [[ ${BASH_VERSINFO[0]} -gt 4 || ${BASH_VERSINFO[0]} -eq 4 && ${BASH_VERSINFO[1]} -ge 4 ]]; then
    complete -o nosort -F _spectrum spectrum
elif [[ ${BASH_VERSINFO[0]} -eq 4 ]]; then
    complete -F _spectrum spectrum
else
    complete -o default -F _spectrum spectrum
fi
