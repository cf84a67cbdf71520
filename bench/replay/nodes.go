package replay

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"google.golang.org/grpc"

	resourcemanagerpb "github.com/minifaas/minifaas/proto/resourcemanager"
)

// NodeUsage is what nodes a run reserved.
type NodeUsage struct {
	// Reservations in the run; a node that was released and reserved again counts twice.
	Reservations int
	// Peak is the most nodes reserved at one time.
	Peak int
	// Time is the sum over reservations from reserve to release, within the run.
	Time time.Duration
	// Refused is how often the ResourceManager had no node to lend, since it was started.
	Refused int
}

// usageTimeout bounds the question after the run; nothing else waits for it.
const usageTimeout = 5 * time.Second

// nodeUsage asks the ResourceManager for the nodes of the run. It does so even if
// ctx is over: an interrupted run has used nodes too.
func nodeUsage(ctx context.Context, conn grpc.ClientConnInterface, start, end time.Time) (*NodeUsage, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), usageTimeout)
	defer cancel()
	reply, err := resourcemanagerpb.NewResourceManagerClient(conn).GetNodesUsage(ctx, &resourcemanagerpb.GetNodesUsageRequest{})
	if err != nil {
		return nil, fmt.Errorf("get nodes usage: %w", err)
	}
	usage := account(reply.GetNodes(), start, end)
	usage.Refused = int(reply.GetRefused())
	return &usage, nil
}

// account adds up what of the reservations is between start and end.
func account(nodes []*resourcemanagerpb.NodeDesc, start, end time.Time) NodeUsage {
	type change struct {
		at    time.Time
		nodes int
	}
	var usage NodeUsage
	var changes []change
	for _, n := range nodes {
		from, to := time.UnixMilli(n.GetReservedTimeTimestampMs()), end
		if released := n.GetReleasedTimeTimestampMs(); released != 0 {
			to = time.UnixMilli(released)
		}
		// Timestamps are cut to the millisecond: compare with a start that is too.
		from, to = later(from, start.Truncate(time.Millisecond)), earlier(to, end)
		if !from.Before(to) {
			continue
		}
		usage.Reservations++
		usage.Time += to.Sub(from)
		changes = append(changes, change{from, 1}, change{to, -1})
	}
	// A node that goes as another comes was not there with it.
	slices.SortFunc(changes, func(a, b change) int {
		return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.nodes, b.nodes))
	})
	now := 0
	for _, c := range changes {
		now += c.nodes
		usage.Peak = max(usage.Peak, now)
	}
	return usage
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
