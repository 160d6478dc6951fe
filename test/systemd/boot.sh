#!/bin/bash
# Boots a real systemd as the first process of namespaces of its own, on an overlay of / that is thrown away with it. Nothing
# of the host can be written: /tmp, /run and /dev are fresh, /proc/sys and /sys are read-only, the old root is let go of.
# Usage: boot.sh DIRECTORY    with DIRECTORY/root copied over / and DIRECTORY/units into /etc/systemd/system
set -e
directory=$(realpath "$1")
export directory
groups=/sys/fs/cgroup/unified
[ -d $groups ] || groups=/sys/fs/cgroup
mkdir -p "$groups/herald-systemd.$$"
echo $$ > "$groups/herald-systemd.$$/cgroup.procs"
exec unshare --mount --pid --uts --ipc --cgroup --net --fork --kill-child --propagation private bash -ec '
mount -t tmpfs -o size=1g tmpfs /mnt
mkdir /mnt/upper /mnt/work /mnt/root
root=/mnt/root
mount -t overlay overlay -o lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work $root
mount -t proc proc $root/proc
mount --bind $root/proc/sys $root/proc/sys
mount -o remount,bind,ro $root/proc/sys
mount -t sysfs -o ro sysfs $root/sys
mount -t cgroup2 cgroup2 $root/sys/fs/cgroup
mount -t tmpfs -o mode=755 tmpfs $root/run
mount -t tmpfs -o mode=1777 tmpfs $root/tmp
mount -t tmpfs -o mode=755 tmpfs $root/dev
for node in null zero full random urandom tty; do touch $root/dev/$node; mount --bind /dev/$node $root/dev/$node; done
mkdir $root/dev/shm $root/dev/pts
mount -t devpts -o newinstance,ptmxmode=0666 devpts $root/dev/pts
ln -s pts/ptmx $root/dev/ptmx
ln -s /proc/self/fd $root/dev/fd
units=$root/etc/systemd/system
rm -rf $units/*.wants
cp -r "$directory"/root/. $root/
cp -r "$directory"/units/. $units/
for unit in tmpfiles-setup-dev tmpfiles-clean sysctl udevd udev-trigger remount-fs modules-load random-seed timesyncd; do
  ln -sf /dev/null $units/systemd-$unit.service
done
ip link set lo up
cd $root
mkdir -p .old
pivot_root . .old
cd /
umount -l /.old
if [ -e /usr/lib/tmpfiles.d/herald.conf ]; then
  systemd-sysusers
  systemd-tmpfiles --create /usr/lib/tmpfiles.d/herald.conf
fi
exec env -i container=herald-test PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd --system --unit=herald-test.target --log-target=console
'
