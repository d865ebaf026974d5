
set edit:completion:arg-completer[spectrum] = { |@words|
    var index = (count $words)
    set index = (- $index 1)

    put (env _CLAP_IFS="\n" _CLAP_COMPLETE_INDEX=(to-string $index) _SPECTRUM_COMPLETE="elvish" spectrum -- $@words) | to-lines
}

