package sandbox

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"hash/crc32"
)

// entry is one line of the book: everything one decision changed, whole records.
type entry struct {
	Charges []Charge  `json:"charges,omitempty"`
	Notes   []note    `json:"notes,omitempty"` // to be delivered
	Done    []outcome `json:"done,omitempty"`  // notes that need no more attempts
}

// outcome ends a note.
type outcome struct {
	Note      string `json:"note"`
	Delivered int    `json:"delivered"` // messages acknowledged
}

var (
	castagnoli = crc32.MakeTable(crc32.Castagnoli)
	errLine    = errors.New("not a line of the book")
)

// appendLine writes an entry: checksum of the JSON in eight hexadecimal digits, a space, the JSON, a line end.
func appendLine(to []byte, e *entry) ([]byte, error) {
	text, err := json.Marshal(e)
	if err != nil {
		return to, err
	}
	to = hex.AppendEncode(to, checksum(text))
	to = append(to, ' ')
	to = append(to, text...)
	return append(to, '\n'), nil
}

// parseLine reads what appendLine wrote, with its line end.
func parseLine(line []byte) (entry, error) {
	var e entry
	if len(line) < 12 || line[8] != ' ' || line[len(line)-1] != '\n' {
		return e, errLine
	}
	text := line[9 : len(line)-1]
	sum := make([]byte, 4)
	if _, err := hex.Decode(sum, line[:8]); err != nil || !bytes.Equal(sum, checksum(text)) {
		return e, errLine
	}
	if err := json.Unmarshal(text, &e); err != nil {
		return e, errLine
	}
	return e, nil
}

func checksum(text []byte) []byte {
	sum := crc32.Checksum(text, castagnoli)
	return []byte{byte(sum >> 24), byte(sum >> 16), byte(sum >> 8), byte(sum)}
}
