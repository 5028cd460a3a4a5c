#!/bin/bash
# Makes test/guest/kernel/: Debian's 6.12 kernel, its modules and a small initramfs, for the guests
# of test/guest/. Installs nothing. Quick when it is there; remove the folder to begin again.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")"

# Needed before the root file system is there; and what tests load later.
boot_modules="9p 9pnet_virtio overlay"
test_modules="virtio_net nvme_tcp nvme_fabrics nvme_core ext4 xfs loop crc32c_generic crc32c_intel
  crct10dif_pclmul crc64_rocksoft"

newest_kernel() {
  apt-cache search --names-only '^linux-image-6\.12\.[0-9]+\+deb[0-9]+-amd64$' |
    cut -d' ' -f1 | sort -V | tail -1
}

download_kernel() {
  local package
  package=$(newest_kernel)
  [ -n "$package" ] || return 1
  echo "test/guest: fetching $package (about 100 MB)"
  (cd kernel.new && apt-get -qq -o APT::Sandbox::User=root download "$package")
}

fetch_kernel() {
  local start length image
  rm -rf kernel.new && mkdir kernel.new
  # What apt knows may be missing, or older than what its servers still have.
  if ! download_kernel; then
    echo "test/guest: asking apt's servers for what they have"
    apt-get -qq update || true
    if ! download_kernel; then
      echo "test/guest: apt-get cannot download Debian's linux-image-6.12: it needs root for" \
        "'apt-get update', and Debian 12's security or backports archive among its sources" >&2
      exit 1
    fi
  fi
  (cd kernel.new && dpkg -x ./*.deb . && rm ./*.deb)
  basename kernel.new/lib/modules/* >kernel.new/version
  # QEMU starts an unpacked kernel some seconds sooner than one that unpacks itself under emulation.
  # Linux boot protocol: setup sectors at 0x1f1, the packed kernel's offset at 0x248, its length at
  # 0x24c.
  field() { od -An -t "u$2" -j "$(($1))" -N "$2" "$image" | tr -d ' '; }
  image=$(echo kernel.new/boot/vmlinuz-*)
  start=$((($(field 0x1f1 1) + 1) * 512 + $(field 0x248 4)))
  length=$(($(field 0x24c 4) - 4))
  head -c $((start + length)) "$image" | tail -c $length | zstd -dqc >kernel.new/vmlinux
  rm -rf kernel.new/boot kernel.new/usr kernel
  mv kernel.new kernel
}

# The files of the named modules and of all they need, each before what needs it.
module_files() {
  for module in "$@"; do
    modprobe -d "$PWD/kernel" -S "$version" --show-depends "$module" 2>/dev/null || true
  done | sed -n 's/^insmod //p' | awk '{ if (!seen[$1]++) print $1 }'
}

make_initramfs() {
  local root=kernel/initramfs n=100
  depmod -b kernel "$version"
  # shellcheck disable=SC2086
  module_files $boot_modules $test_modules | { grep '\.xz$' || true; } | xargs -r xz -df
  depmod -b kernel "$version"
  rm -rf $root && mkdir -p $root/{bin,modules,dev,proc,sys,lower,upper,root}
  cp "$(command -v busybox)" $root/bin/busybox
  # shellcheck disable=SC2086
  for file in $(module_files $boot_modules); do
    cp "$file" "$root/modules/$n-$(basename "$file")"
    n=$((n + 1))
  done
  install -m 755 init/initramfs.sh $root/init
  (cd $root && find . | cpio --quiet -o -H newc) >kernel/initramfs.new
  rm -rf $root
  mv kernel/initramfs.new kernel/initramfs.cpio
}

[ -e kernel/vmlinux ] || fetch_kernel
version=$(cat kernel/version)
made=kernel/initramfs.cpio
if [ ! -e $made ] || [ init/initramfs.sh -nt $made ] || [ setup.sh -nt $made ]; then
  make_initramfs
fi
echo "test/guest: Linux $version is ready"
