
set edit:completion:arg-completer[spectrum] = { |@words|
    put (env _SPECTRUM_COMPLETE="elvish" spectrum -- $@words) | to-lines
}

