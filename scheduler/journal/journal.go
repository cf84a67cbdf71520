// Package journal keeps what an engine was told, so that it can be told again:
// to prove that a simulator and a server agree, and to find out why something
// was decided.
//
// A journal is a folder of segments, each of which can be replayed alone: it
// begins with the configuration and a snapshot, followed by one record a step
// (instant, event, and the engine's hash after it). Old segments are deleted
// so that all together stay below a size. Format of a segment:
//
//	frame  = length uint32, CRC-32C of the payload uint32 (little-endian), payload
//	segment = frame(header) frame(snapshot) frame(step)...
//
// The payloads are written with engine.Codec. An incomplete frame at the end
// of a segment is what a crash leaves, and is dropped. A frame that is complete
// and wrong is an error.
package journal

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/minifaas/minifaas/scheduler/engine"
)

const (
	formatVersion = 2
	suffix        = ".journal"
	frameHead     = 8
	// largestFrame bounds what a reader believes of a length.
	largestFrame = 1 << 30
)

// Header says what engine a journal is of.
type Header struct {
	// Policy is the policy's name, Settings its own as it likes to write them.
	Policy   string          `json:"policy"`
	Settings json.RawMessage `json:"settings,omitempty"`
	// Config is the engine's configuration, its seed included.
	Config engine.Config `json:"config"`
	// Started is the wall time of instant 0.
	Started time.Time `json:"started"`
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func appendFrame(buf, payload []byte) []byte {
	buf = binary.LittleEndian.AppendUint32(buf, uint32(len(payload)))
	buf = binary.LittleEndian.AppendUint32(buf, crc32.Checksum(payload, castagnoli))
	return append(buf, payload...)
}

var (
	errTorn    = errors.New("incomplete frame")
	errCorrupt = errors.New("checksum does not match")
)

// nextFrame cuts the first frame off data.
func nextFrame(data []byte) (payload, rest []byte, err error) {
	if len(data) < frameHead {
		return nil, nil, errTorn
	}
	n := binary.LittleEndian.Uint32(data)
	sum := binary.LittleEndian.Uint32(data[4:])
	if n == 0 { // no payload is empty: the file was extended and never written
		return nil, nil, errTorn
	}
	if n > largestFrame {
		return nil, nil, errCorrupt
	}
	if uint64(len(data)-frameHead) < uint64(n) {
		return nil, nil, errTorn
	}
	payload, rest = data[frameHead:frameHead+n], data[frameHead+n:]
	if crc32.Checksum(payload, castagnoli) != sum {
		return nil, nil, errCorrupt
	}
	return payload, rest, nil
}

func encodeHeader(h Header) ([]byte, error) {
	text, err := json.Marshal(h)
	if err != nil {
		return nil, fmt.Errorf("encode header: %w", err)
	}
	version := formatVersion
	c := engine.NewEncoder(nil)
	engine.Int(c, &version)
	return append(c.Bytes(), text...), nil
}

func decodeHeader(payload []byte) (h Header, err error) {
	var version int
	c := engine.NewDecoder(payload)
	engine.Int(c, &version)
	if err := c.Err(); err != nil {
		return h, err
	}
	if version != formatVersion {
		return h, fmt.Errorf("format version %d, this program reads %d", version, formatVersion)
	}
	return h, json.Unmarshal(c.Bytes(), &h)
}

// segments lists the files of a journal, oldest first.
func segments(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var files []string
	for _, e := range entries {
		if _, ok := segmentNumber(e.Name()); ok {
			files = append(files, filepath.Join(dir, e.Name()))
		}
	}
	slices.Sort(files) // numbers have leading zeros
	return files, nil
}

func segmentName(n uint64) string { return fmt.Sprintf("%012d%s", n, suffix) }

func segmentNumber(name string) (uint64, bool) {
	digits, ok := strings.CutSuffix(filepath.Base(name), suffix)
	if !ok || len(digits) != 12 {
		return 0, false
	}
	n, err := strconv.ParseUint(digits, 10, 64)
	return n, err == nil
}
