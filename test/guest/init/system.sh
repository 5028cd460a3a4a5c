# Runs as the guest's process 1 on its root file system: readies it, then serves commands from the
# test on a virtio port. A request is a line "ID TIMEOUT_S BASE64-OF-SCRIPT"; the answer, when the
# script has ended, "ID STATUS BASE64-OF-OUTPUT". Commands run side by side.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C
home=$1
word() { sed -n "s/.*guest\.$1=\([^ ]*\).*/\1/p" /proc/cmdline; }

mkdir -p /dev/shm /dev/pts /run/lock
mount -t devpts devpts /dev/pts
mount -t tmpfs -o mode=1777 shm /dev/shm
ln -sfn /proc/self/fd /dev/fd
modules=lib/modules/$(uname -r)
mkdir -p "/$modules"
mount --bind "$home/kernel/$modules" "/$modules"
hostname guest
mkdir -p /etc/nvme
word hostnqn >/etc/nvme/hostnqn
word hostid >/etc/nvme/hostid
: >/etc/nvme/discovery.conf

modprobe -a virtio_net nvme_tcp
ip link set lo up
for nic in /sys/class/net/e*; do
  ip addr add "$(word address)" dev "${nic##*/}" && ip link set "${nic##*/}" up
done

for port in /sys/class/virtio-ports/*; do
  [ "$(cat "$port/name")" != agent ] || exec 3<>"/dev/${port##*/}"
done

serve() { # ID TIMEOUT_S SCRIPT
  local output status
  output=$(mktemp /tmp/output.XXXXXX)
  timeout -k 5 "$2" bash -c "$(base64 -d <<<"$3")" >"$output" 2>&1 </dev/null 3>&-
  status=$?
  {
    flock 9
    echo "$1 $status $(base64 -w0 "$output")" >&3
  } 9>/run/agent.lock
  rm -f "$output"
}

echo "0 0 $(uname -r | base64 -w0)" >&3
while read -r id timeout script <&3; do
  serve "$id" "$timeout" "$script" &
done
poweroff -f
