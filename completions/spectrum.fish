complete --keep-order --exclusive --command spectrum --arguments "(_SPECTRUM_COMPLETE=fish spectrum -- (commandline --current-process --tokenize --cut-at-cursor) (commandline --current-token))"
