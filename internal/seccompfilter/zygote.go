package seccompfilter

import (
	"slices"

	"github.com/elastic/go-seccomp-bpf"
	"golang.org/x/sys/unix"
)

// sandboxNamespaces are all that a sandbox has. They are entered one by one: the node hands
// them over when the sandbox is shut, and by none of these calls are a process's entered all at once.
var sandboxNamespaces = []uint64{
	unix.CLONE_NEWUSER, unix.CLONE_NEWNS, unix.CLONE_NEWPID, unix.CLONE_NEWNET, unix.CLONE_NEWIPC, unix.CLONE_NEWUTS,
}

// AssembleZygote makes the program for a function's zygote, which has run the function's
// code and whose forks enter that function's sandboxes, to shut themselves in there.
//
// Nothing makes them do the latter: whoever enters a user namespace has all capabilities in
// it, and the code may keep them. So the filter also refuses what these would open of the
// kernel: its network's configuration, by netlink, ioctl and options of sockets, and raw
// sockets. All but netlink is refused to whoever has no capabilities anyway, or is a
// convenience. What comes along with a message (cmsg: a packet's mark, IPv6 extension headers)
// no filter sees; it acts on the sandbox's own network alone. What acts on mounts, other
// processes' memory and more namespaces nobody is allowed.
func AssembleZygote() ([]byte, error) {
	always := slices.DeleteFunc(slices.Clone(allowedCalls), func(name string) bool { return slices.Contains(narrowedCalls, name) })
	sometimes := slices.DeleteFunc(conditionalCalls(), func(c seccomp.NameWithConditions) bool { return slices.Contains(narrowedCalls, c.Name) })
	return assemble(append(always, confiningCalls...), append(sometimes, zygoteCalls()...))
}

var (
	// confiningCalls are what a fork shuts itself in with.
	confiningCalls = []string{"capset", "landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self"}
	// narrowedCalls are allowed to others with more arguments.
	narrowedCalls = []string{"socket", "ioctl", "setsockopt", "getsockopt"}
	// interfaceQuestions are the ioctls on sockets that change nothing.
	interfaceQuestions = []uint64{
		unix.SIOCATMARK, unix.SIOCGIFNAME, unix.SIOCGIFCONF, unix.SIOCGIFFLAGS, unix.SIOCGIFADDR, unix.SIOCGIFBRDADDR,
		unix.SIOCGIFNETMASK, unix.SIOCGIFMTU, unix.SIOCGIFHWADDR, unix.SIOCGIFINDEX,
	}
)

func zygoteCalls() (calls []seccomp.NameWithConditions) {
	add := func(name string, conditions ...seccomp.Condition) {
		calls = append(calls, seccomp.NameWithConditions{Name: name, Conditions: conditions})
	}
	for _, namespace := range sandboxNamespaces {
		add("setns", is(1, namespace))
	}

	add("socket", is(0, unix.AF_UNIX))
	for _, family := range []uint64{unix.AF_INET, unix.AF_INET6} {
		for _, kind := range []uint64{unix.SOCK_STREAM, unix.SOCK_DGRAM} {
			for _, flags := range []uint64{0, unix.SOCK_CLOEXEC, unix.SOCK_NONBLOCK, unix.SOCK_CLOEXEC | unix.SOCK_NONBLOCK} {
				add("socket", is(0, family), is(1, kind|flags))
			}
		}
	}

	const firstOfSockets, lastOfSockets = 0x8900, 0x8bff // with those of wireless devices
	add("ioctl", below(1, firstOfSockets), not(1, unix.TIOCSTI), not(1, unix.TIOCLINUX))
	add("ioctl", above(1, lastOfSockets), short(1))
	for _, question := range interfaceQuestions {
		add("ioctl", is(1, question))
	}

	for _, name := range []string{"setsockopt", "getsockopt"} {
		for _, level := range []uint64{unix.SOL_SOCKET, unix.SOL_IP, unix.SOL_IPV6, unix.SOL_TCP} {
			conditions := []seccomp.Condition{is(1, level), short(2)}
			if level == unix.SOL_IP || level == unix.SOL_IPV6 {
				conditions[1] = below(2, firstOfFilters)
			}
			for _, option := range privilegedOptions[level] {
				conditions = append(conditions, not(2, option))
			}
			add(name, conditions...)
		}
		for _, option := range []uint64{unix.IPV6_RECVTCLASS, unix.IPV6_TCLASS, unix.IPV6_AUTOFLOWLABEL, unix.IPV6_ADDR_PREFERENCES, unix.IPV6_MINHOPCOUNT, unix.IPV6_FREEBIND} {
			add(name, is(1, unix.SOL_IPV6), is(2, option))
		}
		add(name, short(1), not(1, unix.SOL_SOCKET), not(1, unix.SOL_IP), not(1, unix.SOL_IPV6), not(1, unix.SOL_TCP), not(1, unix.SOL_RAW))
	}
	return calls
}

// firstOfFilters is where the options begin by which packet filters and multicast routers
// are configured; a few harmless ones of IPv6 are among them.
const firstOfFilters = 64

// privilegedOptions of sockets, by level, take capabilities.
var privilegedOptions = map[uint64][]uint64{
	unix.SOL_SOCKET: {unix.SO_SNDBUFFORCE, unix.SO_RCVBUFFORCE, unix.SO_MARK, unix.SO_PRIORITY, unix.SO_BUSY_POLL, unix.SO_PREFER_BUSY_POLL, unix.SO_BUSY_POLL_BUDGET},
	unix.SOL_IP:     {unix.IP_OPTIONS, unix.IP_IPSEC_POLICY, unix.IP_XFRM_POLICY, unix.IP_TRANSPARENT},
	unix.SOL_IPV6:   {unix.IPV6_2292PKTOPTIONS, unix.IPV6_IPSEC_POLICY, unix.IPV6_XFRM_POLICY, unix.IPV6_HOPOPTS, unix.IPV6_RTHDRDSTOPTS, unix.IPV6_RTHDR, unix.IPV6_DSTOPTS},
	unix.SOL_TCP:    {unix.TCP_REPAIR},
}
