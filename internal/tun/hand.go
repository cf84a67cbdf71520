package tun

import (
	"errors"
	"fmt"
	"net"
	"os"

	"golang.org/x/sys/unix"
)

// errNotGiven: the other side has ended, or sent something else.
var errNotGiven = errors.New("no network device was given")

// Give sends the file over a socket, a descriptor; the file stays open here too.
func Give(socket int, file *os.File) error {
	conn, err := file.SyscallConn()
	if err != nil {
		return fmt.Errorf("give network device: %w", err)
	}
	var sent error
	err = conn.Control(func(fd uintptr) {
		sent = unix.Sendmsg(socket, []byte{0}, unix.UnixRights(int(fd)), nil, unix.MSG_NOSIGNAL)
	})
	if err = errors.Join(err, sent); err != nil {
		return fmt.Errorf("give network device: %w", err)
	}
	return nil
}

// Take waits for the file that the other side gives, until it ends or the deadline of the connection.
func Take(conn *net.UnixConn) (*os.File, error) {
	control := make([]byte, unix.CmsgSpace(4))
	_, n, _, _, err := conn.ReadMsgUnix(make([]byte, 1), control)
	if err != nil {
		return nil, errors.Join(errNotGiven, err)
	}
	messages, err := unix.ParseSocketControlMessage(control[:n])
	if err != nil || len(messages) != 1 {
		return nil, errors.Join(errNotGiven, err)
	}
	files, err := unix.ParseUnixRights(&messages[0])
	if err != nil || len(files) != 1 {
		return nil, errors.Join(errNotGiven, err)
	}
	return os.NewFile(uintptr(files[0]), name), nil
}
