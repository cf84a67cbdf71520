package resourcemanager

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/minifaas/minifaas/resourcemanager/ledger"
)

// store keeps the pool on disk, for the next ResourceManager:
//
//	lock             held by the one ResourceManager that may be here
//	run              the run that the rest belongs to
//	nodes/n01.json   a node that lives, with its reservation
//	usage.jsonl      the reservations that are over, one a line
//
// It survives the death of the process, not that of the machine, which takes
// the nodes along: so nothing is synced, and a file that can't be read counts as none.
type store struct {
	dir  string
	lock *os.File

	mu     sync.Mutex // guards what follows, and that a file is written by one at a time
	usage  *os.File
	lines  int // of usage.jsonl
	closed bool
}

// record is the file of one node.
type record struct {
	Name        string              `json:"name"`
	Handle      json.RawMessage     `json:"handle"`
	Reservation *ledger.Reservation `json:"reservation,omitempty"`
}

// past is what an earlier ResourceManager has left.
type past struct {
	nodes []record
	over  []ledger.Reservation
}

func openStore(dir, run string, history int) (*store, past, error) {
	if err := os.MkdirAll(filepath.Join(dir, "nodes"), 0o755); err != nil {
		return nil, past{}, fmt.Errorf("make state folder: %w", err)
	}
	lock, err := lockFolder(dir)
	if err != nil {
		return nil, past{}, err
	}
	st := &store{dir: dir, lock: lock}
	left, err := st.open(run, history)
	if err != nil {
		_ = lock.Close()
		return nil, past{}, fmt.Errorf("open state folder: %w", err)
	}
	return st, left, nil
}

func lockFolder(dir string) (*os.File, error) {
	lock, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("lock state folder: %w", err)
	}
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		_ = lock.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			return nil, fmt.Errorf("state folder %s is in use by another ResourceManager", dir)
		}
		return nil, fmt.Errorf("lock state folder: %w", err)
	}
	return lock, nil
}

func (st *store) open(run string, history int) (past, error) {
	var left past
	last, err := os.ReadFile(filepath.Join(st.dir, "run"))
	if err == nil && string(last) == run {
		left = past{nodes: st.readNodes(), over: st.readUsage()}
		left.over = left.over[max(len(left.over)-history, 0):]
	}
	// What is left here is what could be read; the rest would only be in the way.
	if err := st.forgetNodes(left.nodes); err != nil {
		return past{}, err
	}
	if err := st.rewrite(func() []ledger.Reservation { return left.over }); err != nil {
		return past{}, err
	}
	return left, replaceFile(filepath.Join(st.dir, "run"), []byte(run))
}

func (st *store) readNodes() []record {
	files, _ := filepath.Glob(filepath.Join(st.dir, "nodes", "*.json"))
	var all []record
	for _, f := range files {
		var r record
		raw, err := os.ReadFile(f)
		if err == nil && json.Unmarshal(raw, &r) == nil && r.Name+".json" == filepath.Base(f) {
			all = append(all, r)
		}
	}
	return all
}

func (st *store) forgetNodes(keep []record) error {
	kept := map[string]bool{}
	for _, r := range keep {
		kept[r.Name+".json"] = true
	}
	entries, err := os.ReadDir(filepath.Join(st.dir, "nodes"))
	if err != nil {
		return err
	}
	for _, e := range entries {
		if name := e.Name(); strings.Contains(name, ".json") && !kept[name] {
			if err := os.Remove(filepath.Join(st.dir, "nodes", name)); err != nil {
				return err
			}
		}
	}
	return nil
}

// saveNode writes a node's file, or removes it, as view says: view is called
// when it is this writer's turn, so that the last to write knows the newest.
func (st *store) saveNode(name string, view func() (record, bool)) error {
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.closed {
		return nil
	}
	path := filepath.Join(st.dir, "nodes", name+".json")
	r, ok := view()
	if !ok {
		if err := os.Remove(path); err != nil && !os.IsNotExist(err) {
			return err
		}
		return nil
	}
	raw, err := json.Marshal(r)
	if err != nil {
		return err
	}
	return writePage(path, raw)
}

// close lets the next ResourceManager in. What is saved later is dropped.
func (st *store) close() {
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.closed {
		return
	}
	st.closed = true
	_ = st.usage.Close()
	_ = st.lock.Close()
}

// writePage replaces the content of a file that is never longer than a page of
// memory. The death of the process cannot cut such a write in two. A rename
// would do as well, but ext4 makes one over an existing file wait for the
// disk, which a reservation should not.
func writePage(path string, content []byte) error {
	const page = 4096
	if len(content) > page {
		return fmt.Errorf("write %s: %d bytes are more than a page", path, len(content))
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	padding := bytes.Repeat([]byte{' '}, page-len(content))
	_, err = f.WriteAt(append(content, padding...), 0)
	return errors.Join(err, f.Close())
}

// replaceFile writes a file so that a reader sees the old one or the new one.
func replaceFile(path string, content []byte) error {
	next := path + ".next"
	if err := os.WriteFile(next, content, 0o644); err != nil {
		return err
	}
	return os.Rename(next, path)
}
