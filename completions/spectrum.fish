# The words of the line go to spectrum, which answers what may stand at the cursor: what kind of thing in the first
# line, then one a line with its description. Names of files are the shell's own.
function __spectrum_complete
    set --local token (commandline --current-token --cut-at-cursor)
    set --local words (commandline --current-process --tokenize --cut-at-cursor)
    set --local answer (_SPECTRUM_COMPLETE=fish command spectrum -- $words "$token" 2>/dev/null)
    set --local flag (string match --regex -- '^--[^=]+=' "$token")
    set --local path (string replace --regex -- '^--[^=]+=' '' "$token")
    switch "$answer[1]"
        case files
            # A command that is not there has files for arguments.
            string replace --regex -- '^' "$flag" (complete --do-complete "'' $path")
        case folders
            string replace --regex -- '^' "$flag" (complete --do-complete "'' $path" | string match --regex -- '^[^\t]*/(?:\t.*)?$')
        case words begun
            string join \n -- $answer[2..-1]
    end
end

complete --command spectrum --no-files --keep-order --arguments '(__spectrum_complete)'
