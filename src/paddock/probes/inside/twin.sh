# What a shell alone can try, where there is no Python. The rows, and their answers, are those of the modules beside
# this file. Reads `given.txt`: lines of a key, a tab, and a value, which may hold anything but a line feed.

given=${1%.json}.txt
tab=$(printf '\t')
tells() { sed -n "s/^$1$tab//p" "$given"; }
word=$(tells word)
home=$(tells home)
repo=$(tells repo)
hashes=" $(tells hash | tr '\n' ' ') "

# Whether the standard input holds a canary of this run: only their hashes are known here.
holds() {
  tr '\0' '\n' 2>/dev/null | grep -o 'canary-[0-9a-f][0-9a-f]*' 2>/dev/null | sort -u | (
    while read -r canary; do
      hash=$(printf %s "$canary" | sha256sum 2>/dev/null)
      case $hashes in *" ${hash%% *} "*) exit 0 ;; esac
    done
    exit 1
  )
}
reads() { [ -f "$1" ] && holds <"$1" 2>/dev/null; }

# answer ID TEXT: TEXT is what was reached, empty for nothing. It never holds what was read, nor a quote.
answer() {
  if [ -n "$2" ]; then reached="\"$2\""; else reached=; fi
  printf '\n%s {"id": "%s", "reached": [%s], "said": "tried by the shell"}\n' "$word" "$1" "$reached"
}
# reader ID PATH...: a row that reads files.
reader() {
  id=$1
  shift
  found=
  for path in "$@"; do
    if reads "$path"; then found="read a secret"; fi
  done
  answer "$id" "$found"
}

try() {
  case $1 in
  "FS-03 sibling-project-read") reader "$1" "$repo/../other/.env" "$repo/../other/notes" ;;
  "FS-04 prefix-sibling") reader "$1" "$repo-evil/secret" ;;
  "FS-07 symlink-write-out")
    ln -s "$home/outside" way-out 2>/dev/null
    (: >way-out/arrived) 2>/dev/null
    answer "$1" ""
    ;;
  "FS-10 symlink-committed") reader "$1" link-to-secret link-to-home/.ssh/id_canary "link-to-root$home/.ssh/id_canary" ;;
  "FS-12 proc-self-root") reader "$1" "/proc/self/root$home/.ssh/id_canary" "/proc/1/root$home/.ssh/id_canary" ;;
  "FS-19 home-write-is-private")
    (: >"$home/arrived-at-home") 2>/dev/null
    answer "$1" ""
    ;;
  "FS-30 host-tmp" | "FS-31 dev-shm" | "FS-30 host-var-tmp") reader "$1" "$(tells "file $1")" ;;
  "PE-20 own-state") reader "$1" "$home/.config/paddock/policy.toml" "$home/.local/state/paddock/own" ;;
  "PK-01 host-proc-visible")
    if cat /proc/[0-9]*/cmdline 2>/dev/null | holds; then answer "$1" "saw a command line of the host"; else answer "$1" ""; fi
    ;;
  "PK-02 host-proc-environ")
    if cat /proc/[0-9]*/environ 2>/dev/null | holds; then answer "$1" "read an environment of the host"; else answer "$1" ""; fi
    ;;
  "CR-25 pid1-environ")
    if cat /proc/1/environ 2>/dev/null | holds; then answer "$1" "read the caller's environment"; else answer "$1" ""; fi
    ;;
  "CR-21 env-canary")
    if env | holds; then answer "$1" "a secret is in the environment"; else answer "$1" ""; fi
    ;;
  *)
    path=$(tells "file $1")
    [ -n "$path" ] || return 0
    reader "$1" "$path"
    ;;
  esac
}

if ! printf x | sha256sum >/dev/null 2>&1; then
  echo "paddock: neither Python nor sha256sum inside" >&2
  exit 127
fi
tells row | (
  total=0
  while IFS= read -r id; do
    total=$((total + 1))
    try "$id" </dev/null
  done
  printf '\n%s {"end": %s, "by": "shell"}\n' "$word" "$total"
)
exit 0
