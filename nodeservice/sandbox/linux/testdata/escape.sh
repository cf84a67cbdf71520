#!/bin/sh
# Tries what no function may do, by programs of the host, and names what it could do.
# What would succeed outside of a sandbox is to do little harm there.
case $0 in
/var/task/*) ;;
*) echo "this is for a sandbox" && exit 1 ;;
esac
try() {
	name=$1
	shift
	if "$@" </dev/null >/dev/null 2>&1; then echo "$name"; fi
}
echo mine >/tmp/mine || echo "no /tmp of its own"
echo tried
try "read the host's passwords" cat /etc/shadow
for folder in /root /home /srv /boot /sys /opt /mnt; do
	try "see $folder" ls "$folder"
done
try "see the node's folder" ls "$NODE"
try "find a process of the host" test -d "/proc/$PROCESS"
try "read the agent's memory" cat /proc/1/mem
try "read the agent's environment" cat /proc/1/environ
try "see what other functions leave in /tmp" test -e /tmp/theirs
for folder in / /usr /etc /dev /var /var/task /proc/sys/kernel; do
	try "write to $folder" mkdir "$folder"/new
done
try "change its own code" sh -c "echo >>/var/task/escape.sh"
try "mount" mount -t tmpfs none /dev/shm
try "make namespaces" unshare --user true
try "change the root" chroot /usr /bin/true
try "make a device" mknod /tmp/device c 1 1
try "give a file away" chown 12345 /tmp/mine
try "rename the host" hostname "$(hostname)"
try "set the clock" date -s "@$(date +%s)"
try "read the kernel's log" dmesg
try "raise its own limits" sh -c "ulimit -c unlimited"
try "reach the host" bash -c "exec 3<>/dev/tcp/127.0.0.1/$PORT"
try "reach the network" bash -c "exec 3<>/dev/udp/192.0.2.1/53"
exit 0
