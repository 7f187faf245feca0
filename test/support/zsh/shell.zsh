# Sourced by the shell of complete.zsh.
PROMPT=
unsetopt prompt_sp prompt_cr
autoload -U compinit
compinit -u -D
source $1
bindkey '^I' complete-word
zstyle ':completion:*' list-grouped false
zstyle ':completion:*' insert-tab false
begin-offers() { print -r -- '<offers' }
end-offers() { print -r -- 'offers>' }
compprefuncs=(begin-offers)
comppostfuncs=(end-offers)
compadd() {
  # With -O, -A or -D nothing is offered: the caller wants the matches for itself.
  if [[ ${@[1,(i)(-|--)]} == *-(O|A|D)\ * ]]; then
    builtin compadd "$@"
    return
  fi
  local -a offered
  builtin compadd -A offered "$@"
  (( $#offered )) && print -rl -- $offered
  builtin compadd "$@"
}
print ready
