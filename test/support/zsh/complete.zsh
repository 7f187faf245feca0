# What zsh offers at the end of a line: complete.zsh SCRIPT LINE. A shell on a pseudo-terminal has Tab pressed; all that
# it would offer goes by compadd, which prints it.
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell "source ${(q)0:A:h}/shell.zsh ${(q)1}"
while zpty -r shell reply '*ready*'; do break; done
zpty -n -w shell "$2"$'\t'
zpty -r shell reply $'*<offers\r\n*offers>*'
print -r -- ${${${reply##*'<offers'$'\r\n'}%%'offers>'*}//$'\r'/}
zpty -d shell
