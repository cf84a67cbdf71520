package nodeservice

import (
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/minifaas/minifaas/internal/function"
)

// TestMoves walks every sequence of moves that matters, and looks at the state
// after each one.
func TestMoves(t *testing.T) {
	for _, test := range []struct {
		name  string
		moves []string // one of created, begin, end, stop, drop
		want  state    // "" when it is gone
		code  codes.Code
	}{
		{name: "being made", want: creating},
		{name: "no call before it is made", moves: []string{"begin"}, want: creating, code: codes.NotFound},
		{name: "made", moves: []string{"created"}, want: ready},
		{name: "called", moves: []string{"created", "begin"}, want: busy},
		{name: "called twice at once", moves: []string{"created", "begin", "begin", "end"}, want: busy},
		{name: "all calls over", moves: []string{"created", "begin", "begin", "end", "end"}, want: ready},
		{name: "called again", moves: []string{"created", "begin", "end", "begin"}, want: busy},
		{name: "stopped while being made", moves: []string{"stop"}, want: stopping},
		{name: "stopped idle", moves: []string{"created", "stop"}, want: stopping},
		{name: "stopped busy", moves: []string{"created", "begin", "stop"}, want: stopping},
		{name: "no call once it stops", moves: []string{"created", "stop", "begin"}, want: stopping, code: codes.NotFound},
		{name: "a call that ends does not revive it", moves: []string{"created", "begin", "stop", "end"}, want: stopping},
		{name: "stopped twice", moves: []string{"created", "stop", "stop"}, want: stopping},
		{name: "gone", moves: []string{"created", "stop", "drop"}},
		{name: "gone twice", moves: []string{"created", "stop", "drop", "drop"}},
		{name: "no call once it is gone", moves: []string{"created", "stop", "drop", "begin"}, code: codes.NotFound},
		{name: "the last call ends after it is gone", moves: []string{"created", "begin", "stop", "drop", "end"}},
		{name: "never made", moves: []string{"drop"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			inv := newInventory("live")
			e, err := inv.add("name", function.Function{}, 1, time.Time{}, func() {})
			if err != nil {
				t.Fatal(err)
			}
			var calls []*call
			for _, move := range test.moves {
				err = nil
				switch move {
				case "created":
					inv.created(e, nil, time.Time{})
				case "begin":
					var c *call
					if _, c, err = inv.begin(e.id, "r", time.Time{}, func() {}); err == nil {
						calls = append(calls, c)
					}
				case "end":
					inv.end(e, calls[0])
					calls = calls[1:]
				case "stop":
					inv.stop(e)
				case "drop":
					inv.drop(e)
				}
			}
			if status.Code(err) != test.code {
				t.Errorf("last move: %v, want %v", err, test.code)
			}
			var got state
			if there := inv.containers[e.id]; there != nil {
				got = there.state
			}
			if got != test.want {
				t.Errorf("state %q, want %q", got, test.want)
			}
			if inv.names["name"] != (test.want != "") {
				t.Errorf("the name is taken: %v", inv.names["name"])
			}
		})
	}
}

func TestNames(t *testing.T) {
	inv := newInventory("live")
	add := func(name string) (*entry, error) {
		return inv.add(name, function.Function{}, 1, time.Time{}, func() {})
	}
	first, err := add("a")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := add("a"); status.Code(err) != codes.AlreadyExists {
		t.Errorf("the same name again: %v, want AlreadyExists", err)
	}
	inv.drop(first)
	second, err := add("a")
	if err != nil {
		t.Errorf("the name of a container that is gone: %v", err)
	}
	if first.id == second.id {
		t.Errorf("id %s was given twice", first.id)
	}
	for range 2 {
		if e, err := add(""); err != nil || e.name != e.id {
			t.Errorf("no name: %v, called %q", err, e.name)
		}
	}
	inv.drop(first) // late, and not to take the second's name
	if !inv.names["a"] {
		t.Error("the second container has lost its name")
	}
}

func TestEpochs(t *testing.T) {
	for _, test := range []struct {
		name   string
		epochs []int64
		want   codes.Code // of the last
	}{
		{"a foreign scheduler", []int64{0, 0}, codes.OK},
		{"the first of ours", []int64{0, 5}, codes.OK},
		{"the same again", []int64{5, 5}, codes.OK},
		{"a younger one", []int64{5, 6}, codes.OK},
		{"an older one", []int64{6, 5}, codes.PermissionDenied},
		{"a foreign one after ours", []int64{5, 0}, codes.PermissionDenied},
		{"a refusal changes nothing", []int64{6, 5, 6}, codes.OK},
	} {
		t.Run(test.name, func(t *testing.T) {
			inv := newInventory("live")
			var err error
			for _, epoch := range test.epochs {
				err = inv.admit(epoch)
			}
			if status.Code(err) != test.want {
				t.Errorf("got %v, want %v", err, test.want)
			}
		})
	}
}

func TestFind(t *testing.T) {
	inv := newInventory("live")
	e, err := inv.add("", function.Function{}, 1, time.Time{}, func() {})
	if err != nil {
		t.Fatal(err)
	}
	inv.created(e, nil, time.Time{})
	_, named, _ := inv.begin(e.id, "r", time.Time{}, func() {})
	_, _, _ = inv.begin(e.id, "", time.Time{}, func() {})
	for _, test := range []struct {
		container, request string
		want               *call
	}{
		{e.id, "r", named}, {e.id, "other", nil}, {e.id, "", nil}, {"other", "r", nil},
	} {
		if got := inv.find(test.container, test.request); got != test.want {
			t.Errorf("find %q in %q: %v", test.request, test.container, got)
		}
	}
	inv.end(e, named)
	if inv.find(e.id, "r") != nil {
		t.Error("found a call that is over")
	}
}
