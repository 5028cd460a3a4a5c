#!/bin/busybox sh
# The guest's first process: puts this machine's root file system (read-only, over 9p) under a tmpfs
# that takes the guest's writes, and hands over to init/system.sh there.
b=/bin/busybox
stop() {
  $b echo "guest: initramfs cannot $*"
  $b poweroff -f
}
$b mount -t proc proc /proc
$b mount -t sysfs sysfs /sys
$b mount -t devtmpfs dev /dev
for module in /modules/*; do
  $b insmod "$module" || stop "load $module"
done
$b mount -t 9p -o ro,trans=virtio,version=9p2000.L,msize=512000,cache=loose root /lower ||
  stop "mount the root share"
$b mount -t tmpfs -o mode=755,size=80% upper /upper || stop "make a tmpfs"
$b mkdir /upper/data /upper/work
$b mount -t overlay -o lowerdir=/lower,upperdir=/upper/data,workdir=/upper/work overlay /root ||
  stop "stack the root"
for folder in proc sys dev; do
  $b mount --move /$folder /root/$folder
done
$b mount -t tmpfs -o mode=755 run /root/run
home=$($b sed -n 's/.*guest\.home=\([^ ]*\).*/\1/p' /root/proc/cmdline)
# The project may lie under /tmp or another folder that the guest has for itself: it stays in sight.
project=${home%/test/guest}
$b mkdir /root/run/project
$b mount --bind "/root$project" /root/run/project || stop "find the project"
$b mount -t tmpfs -o mode=1777 tmp /root/tmp
$b mkdir -p "/root$project"
$b mount --move /root/run/project "/root$project" || stop "show the project"
exec $b switch_root /root /bin/bash "$home/init/system.sh" "$home" || stop "switch to the root"
