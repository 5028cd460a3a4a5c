#!/bin/sh
# Measures an Ashlar volume that this host has attached, with fio: a table, and a report as JSON.
#
# It only reads unless --write is given, and refuses a device that is in use or is not Ashlar's.
set -eu

usage() {
  cat <<'END'
Usage: run.sh [options] DEVICE

  DEVICE        such as /dev/nvme1n1
  --write       measure writes too: THE CONTENTS OF THE DEVICE ARE LOST
  --runtime N   seconds for each measurement (default 10)
  --span SIZE   how much of the device is used, as fio says it (default 1g)
  --output FILE where the JSON goes (default ./ashlar-fio-DEVICE-TIME.json)
  --force       even a device that is not an Ashlar volume; never one that is in use
  --dry-run     check everything, print the fio commands, run nothing
END
}

fail() {
  echo "run.sh: $1" >&2
  exit "${2:-1}"
}

folder=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
sys=${ASHLAR_SYS:-/sys}
device='' write=no runtime=10 span=1g output='' force=no dry_run=no

while [ $# -gt 0 ]; do
  case $1 in
    --write) write=yes ;;
    --force) force=yes ;;
    --dry-run) dry_run=yes ;;
    --runtime | --span | --output)
      [ $# -ge 2 ] || fail "$1 needs a value." 2
      case $1 in
        --runtime) runtime=$2 ;;
        --span) span=$2 ;;
        --output) output=$2 ;;
      esac
      shift
      ;;
    -h | --help)
      usage
      exit 0
      ;;
    -*) fail "There is no option $1; --help lists them." 2 ;;
    *)
      [ -z "$device" ] || fail "Give one device, not \"$device\" and \"$1\"." 2
      device=$1
      ;;
  esac
  shift
done

[ -n "$device" ] || fail "Say which device, such as /dev/nvme1n1." 2
case $runtime in
  '' | *[!0-9]* | 0) fail "--runtime is a whole number of seconds, not \"$runtime\"." 2 ;;
esac
case $span in
  '' | *[!0-9kmgtKMGT]*) fail "--span is a size such as 1g, not \"$span\"." 2 ;;
esac

name=$(basename "$device")
block="$sys/class/block/$name"
[ -d "$block" ] || fail "$device is no block device of this machine."
[ ! -e "$block/partition" ] || fail "$device is a partition: give the whole device."

# In use: mounted, swapped to, or held by another device, itself or one of its partitions.
in_use() {
  for part in "$block" "$block/$name"*; do
    [ -d "$part" ] || continue
    part_name=$(basename "$part")
    if grep -q "^/dev/$part_name " "${ASHLAR_MOUNTS:-/proc/mounts}"; then
      echo "/dev/$part_name is mounted"
      return 0
    fi
    if grep -q "^/dev/$part_name " "${ASHLAR_SWAPS:-/proc/swaps}"; then
      echo "/dev/$part_name is swapped to"
      return 0
    fi
    for holder in "$part"/holders/*; do
      [ -e "$holder" ] || continue
      echo "/dev/$part_name belongs to $(basename "$holder")"
      return 0
    done
  done
  return 1
}

if why=$(in_use); then
  fail "$why: not touched, not even with --force."
fi

model=''
[ ! -r "$block/device/model" ] || model=$(sed 's/ *$//' "$block/device/model")
case $model in
  Ashlar*) ;;
  *)
    [ "$force" = yes ] ||
      fail "$device is not an Ashlar volume (its model is \"${model:-unknown}\"): --force takes it."
    ;;
esac

[ -n "$output" ] || output="ashlar-fio-$name-$(date -u +%Y%m%dT%H%M%SZ).json"
set -- "$folder/profiles.fio"
[ "$write" = no ] || set -- "$folder/profiles-write.fio" "$@"

if [ "$dry_run" = yes ]; then
  for profile in "$@"; do
    echo "DEVICE=$device RUNTIME=$runtime SPAN=$span VERIFY_SPAN=256m" \
      "fio --output-format=json $profile"
  done
  echo "report: $output"
  exit 0
fi

command -v fio >/dev/null || fail "fio is not installed: apt-get install fio."
command -v node >/dev/null || fail "Node.js is not installed; it makes the report."
[ -r "$device" ] || fail "$device cannot be read: run this as root."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
export DEVICE="$device" RUNTIME="$runtime" SPAN="$span" VERIFY_SPAN=256m
for profile in "$@"; do
  result="$work/$(basename "$profile" .fio).json"
  echo "Running $(basename "$profile") on $device" >&2
  fio --output-format=json --output="$result" "$profile" ||
    fail "fio failed with $(basename "$profile"): $(head -c 2000 "$result" 2>/dev/null)"
done
node "$folder/report.mjs" "$device" "$model" "$output" "$work"/*.json
