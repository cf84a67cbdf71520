package cold

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// Frames of a resident program: see docs/native-protocol.md.
const (
	frameHeader = 13
	frameInvoke = 1
	frameReady  = 3
	frameResult = 5
)

// socketVariable tells a program that the socket is its first descriptor after the
// standard ones.
const socketVariable = "MINIFAAS_FD=3"

// resident is a program that is told to answer one call over its socket.
type resident struct {
	socket  *os.File // our end
	theirs  *os.File
	command *exec.Cmd
}

// newResident prepares a command that finds the socket as descriptor 3. close must be called.
func newResident(command *exec.Cmd) (*resident, error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("make socket pair: %w", err)
	}
	r := &resident{socket: os.NewFile(uintptr(fds[0]), "bench"), theirs: os.NewFile(uintptr(fds[1]), "program"), command: command}
	command.ExtraFiles = []*os.File{r.theirs}
	return r, nil
}

// answer starts the program and returns when it has answered a call. It does not
// wait longer than to the deadline.
func (r *resident) answer(deadline time.Time) error {
	if err := r.command.Start(); err != nil {
		return err
	}
	r.theirs.Close()
	timeout := unix.NsecToTimeval(int64(time.Until(deadline)))
	if err := unix.SetsockoptTimeval(int(r.socket.Fd()), unix.SOL_SOCKET, unix.SO_RCVTIMEO, &timeout); err != nil {
		return err
	}
	if err := r.await(frameReady); err != nil {
		return err
	}
	payload := append([]byte(`{"request_id":"bare","deadline_ms":4102444800000}`+"\n"), event...)
	frame := binary.BigEndian.AppendUint32(nil, uint32(len(payload)))
	frame = append(frame, frameInvoke)
	frame = append(binary.BigEndian.AppendUint64(frame, 1), payload...)
	if _, err := r.socket.Write(frame); err != nil {
		return err
	}
	return r.await(frameResult)
}

// await reads one frame, which must be of that type.
func (r *resident) await(want byte) error {
	var header [frameHeader]byte
	if _, err := io.ReadFull(r.socket, header[:]); err != nil {
		return fmt.Errorf("the program does not answer: %w", err)
	}
	if header[4] != want {
		return fmt.Errorf("the program answers with a frame of type %d, not %d", header[4], want)
	}
	_, err := io.CopyN(io.Discard, r.socket, int64(binary.BigEndian.Uint32(header[:4])))
	return err
}

// close lets the program end, as its socket is closed, and waits for it.
func (r *resident) close() error {
	r.socket.Close()
	r.theirs.Close()
	if r.command.Process == nil {
		return nil
	}
	return r.command.Wait()
}

// answerTimeout bounds how long a program may take to its answer.
const answerTimeout = 30 * time.Second

// answerOnce starts a resident program by itself, until its first answer.
func answerOnce(path string) Bare {
	return func(ctx context.Context) (end func() error, err error) {
		command := exec.CommandContext(ctx, path)
		command.Env = slices.Concat(environment, []string{socketVariable})
		r, err := newResident(command)
		if err != nil {
			return nil, err
		}
		if err := r.answer(time.Now().Add(answerTimeout)); err != nil {
			return nil, errors.Join(err, r.close())
		}
		return r.close, nil
	}
}
