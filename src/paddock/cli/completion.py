"""`paddock completion SHELL`: a completion script, written from the declarations of all commands."""

from __future__ import annotations

from paddock.cli.outcome import Outcome

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Sequence

    from paddock.cli.declarations import Command, Option

SUMMARY = "print a completion script for bash, zsh or fish"
DETAILS = """\
Install it once, in the shell's own place for completions:

  bash   paddock completion bash > ~/.local/share/bash-completion/completions/paddock
  zsh    paddock completion zsh > ~/.zfunc/_paddock        (with fpath+=~/.zfunc before compinit)
  fish   paddock completion fish > ~/.config/fish/completions/paddock.fish
"""

# Placeholders of values that are paths.
_PATHS = ("PATH", "FILE", "DIRECTORY", "paths", "path")


def declare(parser: argparse.ArgumentParser) -> None:
    """One argument: the shell."""
    parser.add_argument("shell", choices=sorted(_WRITERS), help="the shell to write for")


def perform(options: argparse.Namespace) -> Outcome:
    """Write the script to stdout."""
    from paddock.cli.declarations import commands

    text = script(options.shell, commands())
    return Outcome(text, {"schema": 1, "shell": options.shell, "script": text})


def script(shell: str, commands: Sequence[Command]) -> str:
    """The completion script of a shell, for these commands."""
    return _WRITERS[shell](commands)


def _words(command: Command) -> list[str]:
    """What may come next: verbs, choices of the first argument, flags."""
    first = command.arguments[0].choices if command.arguments else ()
    flags = [name for option in command.options for name in option.names]
    return [*(verb.path[-1] for verb in command.verbs), *first, *flags]


def _all(commands: Sequence[Command]) -> list[Command]:
    return [part for command in commands for part in command.everything()]


def _runs_a_program(command: Command) -> bool:
    return (
        bool(command.arguments) and command.arguments[-1].repeatable and command.arguments[-1].placeholder == "COMMAND"
    )


def _quoted(text: str) -> str:
    """A word in single quotes, for any of the three shells (fish also wants backslashes doubled)."""
    return "'" + text.replace("'", "'\\''") + "'"


# --- bash -------------------------------------------------------------------------------------------------

_BASH_HEAD = """\
# bash completion for paddock; made by `paddock completion bash`
_paddock() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} path= word index
  COMPREPLY=()
  for ((index = 1; index < COMP_CWORD; index++)); do
    word=${COMP_WORDS[index]}
    if [[ $word == -- ]]; then
      # What follows is a command line of its own.
      if declare -F _command_offset >/dev/null; then _command_offset $((index + 1)); else
        COMPREPLY=($(compgen -c -- "$current"))
      fi
      return
    fi
    case "$path $word" in
"""
_BASH_MIDDLE = """\
    esac
  done
  case "$path $previous" in
"""
_BASH_TAIL = """\
  esac
}
complete -F _paddock paddock
"""


def _bash(commands: Sequence[Command]) -> str:
    everything = _all(commands)
    known = "|".join(_quoted(f" {' '.join(command.path)}") for command in everything)
    lines = [f'      {known}) path+=" $word" ;;\n']
    values = []
    for command in everything:
        prefix = " " + " ".join(command.path)
        for option in command.options:
            if not option.placeholder:
                continue
            patterns = "|".join(_quoted(f"{prefix} {name}") for name in option.names)
            values.append(f"    {patterns}) {_bash_value(option)}; return ;;\n")
    tops = " ".join(command.path[0] for command in commands)
    nexts = [f"    '') {_bash_reply(f'{tops} --help --version')} ;;\n"]
    for command in everything:
        reply = _bash_reply(" ".join(_words(command)))
        if _takes_paths(command):
            reply += '; COMPREPLY+=($(compgen -f -- "$current"))'
        nexts.append(f"    {_quoted(' ' + ' '.join(command.path))}) {reply} ;;\n")
    return (
        _BASH_HEAD + "".join(lines) + _BASH_MIDDLE + "".join(values)
        + '  esac\n  case "$path" in\n' + "".join(nexts) + _BASH_TAIL
    )  # fmt: skip


def _bash_reply(words: str) -> str:
    return f'COMPREPLY=($(compgen -W {_quoted(words)} -- "$current"))'


def _bash_value(option: Option) -> str:
    if option.choices:
        return _bash_reply(" ".join(option.choices))
    if option.placeholder in _PATHS:
        return 'COMPREPLY=($(compgen -f -- "$current"))'
    return ":"


def _takes_paths(command: Command) -> bool:
    return any(argument.placeholder in _PATHS for argument in command.arguments)


# --- zsh --------------------------------------------------------------------------------------------------


def _zsh(commands: Sequence[Command]) -> str:
    lines = ["#compdef paddock", "# zsh completion for paddock; made by `paddock completion zsh`", ""]
    for command in _all(commands):
        lines += _zsh_function(command)
    rows = [f"    {_quoted(_zsh_pair(command.path[0], command.summary))}" for command in commands]
    lines += ["_paddock() {", "  local line state", "  local -a commands=(", *rows, "  )"]
    lines += _zsh_dispatch(commands, "_paddock", [])
    lines += ["}", "", 'if [[ $funcstack[1] == _paddock ]]; then _paddock "$@"; else compdef _paddock paddock; fi', ""]
    return "\n".join(lines)


def _zsh_name(command: Command) -> str:
    return "_paddock_" + "_".join(command.path).replace("-", "_")


def _zsh_pair(name: str, explanation: str) -> str:
    return name.replace(":", "\\:") + ":" + explanation


def _zsh_function(command: Command) -> list[str]:
    specs = [_quoted(spec) for option in command.options for spec in _zsh_option(option)]
    name = _zsh_name(command)
    if command.verbs:
        rows = [f"    {_quoted(_zsh_pair(verb.path[-1], verb.summary))}" for verb in command.verbs]
        head = [f"{name}() {{", "  local line state", "  local -a commands=(", *rows, "  )"]
        return [*head, *_zsh_dispatch(command.verbs, name, specs), "}", ""]
    if _runs_a_program(command):
        specs.append("'*:::command: _normal'")
    else:
        specs += [_quoted(_zsh_argument(argument)) for argument in command.arguments]
    return [f"{name}() {{", "  _arguments -s \\", *(f"    {spec} \\" for spec in specs), "    && return 0", "}", ""]


def _zsh_dispatch(below: Sequence[Command], name: str, specs: list[str]) -> list[str]:
    cases = [f"      {command.path[-1]}) {_zsh_name(command)} ;;" for command in below]
    return [
        "  _arguments -C \\",
        *(f"    {spec} \\" for spec in specs),
        "    '1: :->command' '*:: :->rest'",
        "  case $state in",
        f"    command) _describe -t commands {_quoted('command of ' + name.removeprefix('_'))} commands ;;",
        "    rest) case $line[1] in",
        *cases,
        "    esac ;;",
        "  esac",
    ]


def _zsh_plain(text: str) -> str:
    """Help text inside `[…]` or between colons."""
    return "".join(f"\\{c}" if c in "[]:\\" else c for c in text)


def _zsh_value(option: Option) -> str:
    if option.choices:
        return f":{_zsh_plain(option.placeholder)}:({' '.join(option.choices)})"
    if option.placeholder in _PATHS:
        return f":{option.placeholder}:_files"
    return f":{_zsh_plain(option.placeholder)}: " if option.placeholder else ""


def _zsh_option(option: Option) -> list[str]:
    star = "*" if option.repeatable else ""
    return [f"{star}{name}[{_zsh_plain(option.explanation)}]{_zsh_value(option)}" for name in option.names]


def _zsh_argument(argument: Option) -> str:
    return ("*" if argument.repeatable else "") + (_zsh_value(argument) or f":{argument.names[0]}: ")


# --- fish -------------------------------------------------------------------------------------------------

_FISH_HEAD = """\
# fish completion for paddock; made by `paddock completion fish`
function __paddock_at --description 'whether the words so far name exactly this command'
    set -l words (commandline -opc)[2..-1]
    if contains -- -- $words
        return 1
    end
    set -l path
    for word in $words
        if contains -- (string join ' ' -- $path $word) $__paddock_commands
            set -a path $word
        end
    end
    set -l joined (string join ' ' -- $path)
    test "$joined" = "$argv"
end
function __paddock_program --description 'complete what follows -- as a command line of its own'
    set -l words (commandline -opc)
    set -e words[1..(contains -i -- -- $words)]
    complete -C (string join ' ' -- (string escape -- $words) (commandline -ct))
end
complete -c paddock -f
complete -c paddock -n 'contains -- -- (commandline -opc)' -a '(__paddock_program)'
"""


def _fish_quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _fish(commands: Sequence[Command]) -> str:
    everything = _all(commands)
    names = " ".join(_fish_quoted(" ".join(command.path)) for command in everything)
    lines = [f"set -g __paddock_commands {names}", _FISH_HEAD]
    lines += [_fish_next((), command) for command in commands]
    for command in everything:
        lines += [_fish_next(command.path, verb) for verb in command.verbs]
        lines += [_fish_line(command.path, _fish_option(option)) for option in command.options]
        choices = [" ".join(argument.choices) for argument in command.arguments if argument.choices]
        lines += [_fish_line(command.path, f"-a {_fish_quoted(words)}") for words in choices]
        lines += [_fish_line(command.path, "-F")] if _takes_paths(command) else []
    return "\n".join(lines) + "\n"


def _fish_next(path: tuple[str, ...], command: Command) -> str:
    return _fish_line(path, f"-a {command.path[-1]} -d {_fish_quoted(command.summary)}")


def _fish_line(path: tuple[str, ...], rest: str) -> str:
    condition = _fish_quoted(" ".join(("__paddock_at", *path)))
    return f"complete -c paddock -n {condition} {rest}"


def _fish_option(option: Option) -> str:
    words = [f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}" for name in option.names]
    if option.choices:
        words.append(f"-x -a {_fish_quoted(' '.join(option.choices))}")
    elif option.placeholder:
        words.append("-r -F" if option.placeholder in _PATHS else "-x")
    return " ".join([*words, f"-d {_fish_quoted(option.explanation)}"])


_WRITERS: dict[str, Callable[[Sequence[Command]], str]] = {"bash": _bash, "fish": _fish, "zsh": _zsh}
