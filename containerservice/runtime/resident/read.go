package resident

import (
	"fmt"
	"io"
	"time"

	"github.com/minifaas/minifaas/containerservice/frame"
	"github.com/minifaas/minifaas/containerservice/runtime"
)

// lastWords is how long the socket of a dead worker is still read: something
// that it left behind may keep the other end open.
const lastWords = 100 * time.Millisecond

// maxFailure bounds what is read of an error: a message and a stack trace.
const maxFailure = 256 << 10

// read takes what the worker says until it is dead and nothing more comes.
func (w *worker) read(r *frame.Reader) {
	go func() {
		<-w.proc.Done()
		_ = w.conn.SetReadDeadline(time.Now().Add(lastWords))
	}()
	logs := make([]byte, 32<<10)
	for {
		h, err := r.Next()
		if err == nil {
			err = w.take(h, r, logs)
		}
		if err != nil {
			if err != io.EOF {
				w.fault(err)
			}
			break
		}
	}
	// Without its socket a worker serves nobody.
	w.conn.Close()
	w.proc.Kill()
	w.pipe.Flush()
	exit := w.proc.Exit()
	w.bury(exit)
	w.setLoaded(runtime.Exited(exit))
	w.memory.worker.Forget()
	w.pipe.Close()
}

// fault notes why a worker that lives has to be killed.
func (w *worker) fault(err error) {
	select {
	case <-w.proc.Done():
	default:
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.why == "" {
			w.why = fmt.Sprintf("worker broke the protocol: %v", err)
		}
	}
}

// take handles one frame.
func (w *worker) take(h frame.Header, r *frame.Reader, logs []byte) error {
	switch h.Type {
	case frame.Log:
		return w.log(h.Call, r, logs)
	case frame.Result:
		if h.Size > runtime.MaxPayload {
			w.finish(h.Call, nil, runtime.TooLarge())
			return nil // the reader skips it
		}
		body, err := r.Payload()
		if err != nil {
			return err
		}
		w.finish(h.Call, body, nil)
	case frame.Ready, frame.Waiting:
		w.setLoaded(nil)
	case frame.Error, frame.LoadError:
		b, err := io.ReadAll(io.LimitReader(r, maxFailure))
		if err != nil {
			return err
		}
		f := frame.ParseFailure(b)
		fault := &runtime.Error{Code: runtime.CodeFunctionError, Type: f.Type, Message: f.Message, StackTrace: f.StackTrace}
		if h.Type == frame.LoadError {
			w.setLoaded(fault)
		} else {
			w.finish(h.Call, nil, fault)
		}
	default:
		return fmt.Errorf("frame of unknown type %d", h.Type)
	}
	return nil
}

// setLoaded says how loading ended; the first word counts.
func (w *worker) setLoaded(fault *runtime.Error) {
	select {
	case w.loaded <- fault:
	default:
	}
}

// log gives output to its call, piece by piece; that of a call that is over is dropped.
func (w *worker) log(id uint64, r *frame.Reader, buf []byte) error {
	to := io.Discard
	w.mu.Lock()
	if id == 0 {
		to = w.load
	} else if k := w.calls[id]; k != nil {
		to = k.log
	}
	w.mu.Unlock()
	for {
		n, err := r.Read(buf)
		_, _ = to.Write(buf[:n])
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
