package postgres

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgtype"
)

// record builds one row of a table in PostgreSQL's binary form, column by column in
// the schema's order, behind the rows that are in buf already.
type record struct {
	buf   []byte
	start int // of the row being built
	left  int // columns it still lacks
	err   error
}

// open begins a row.
func (r *record) open(t table) *record {
	r.start, r.left = len(r.buf), strings.Count(t.columns, ",")+1
	r.put32(0) // the length, known at the end
	r.put32(uint32(r.left))
	return r
}

// done ends the row and returns it: its length and its columns, as arrays of rows have them.
func (r *record) done() []byte {
	row := r.buf[r.start:len(r.buf):len(r.buf)]
	binary.BigEndian.PutUint32(row, uint32(len(row)-4))
	if r.err == nil && r.left != 0 {
		r.err = fmt.Errorf("a row that lacks %d columns", r.left)
	}
	return row
}

func (r *record) put32(n uint32) { r.buf = binary.BigEndian.AppendUint32(r.buf, n) }
func (r *record) put64(n int64)  { r.buf = binary.BigEndian.AppendUint64(r.buf, uint64(n)) }

func (r *record) column(oid uint32, length int) {
	r.left--
	r.put32(oid)
	r.put32(uint32(int32(length)))
}

func (r *record) text(value string) {
	r.column(pgtype.TextOID, len(value))
	r.buf = append(r.buf, value...)
}

func (r *record) bytes(value []byte) {
	r.column(pgtype.ByteaOID, len(value))
	r.buf = append(r.buf, value...)
}

func (r *record) number(value int64) {
	r.column(pgtype.Int8OID, 8)
	r.put64(value)
}

func (r *record) day(value int32) {
	r.column(pgtype.Int4OID, 4)
	r.put32(uint32(value))
}

func (r *record) small(value int16) {
	r.column(pgtype.Int2OID, 2)
	r.buf = binary.BigEndian.AppendUint16(r.buf, uint16(value))
}

func (r *record) bool(value bool) {
	r.column(pgtype.BoolOID, 1)
	if value {
		r.buf = append(r.buf, 1)
	} else {
		r.buf = append(r.buf, 0)
	}
}

// epochMicro is when PostgreSQL's clock begins, 2000-01-01, in Unix microseconds.
const epochMicro = 946_684_800_000_000

func (r *record) time(value time.Time) {
	r.column(pgtype.TimestamptzOID, 8)
	r.put64(value.UnixMicro() - epochMicro)
}

// null is a column the statement does not read.
func (r *record) null(oid uint32) { r.column(oid, -1) }

// json puts a noun as text.
func (r *record) json(noun any) {
	at := r.openText()
	r.encode(noun)
	r.closeText(at)
}

// openText begins a text column whose length is not known yet; closeText ends it.
func (r *record) openText() (at int) {
	r.column(pgtype.TextOID, 0)
	return len(r.buf)
}

func (r *record) closeText(at int) {
	binary.BigEndian.PutUint32(r.buf[at-4:], uint32(len(r.buf)-at))
}

func (r *record) encode(value any) {
	if err := json.NewEncoder(r).Encode(value); err != nil {
		r.err = err
		return
	}
	r.buf = r.buf[:len(r.buf)-1] // the encoder ends lines
}

// Write is for the encoder.
func (r *record) Write(p []byte) (int, error) {
	r.buf = append(r.buf, p...)
	return len(p), nil
}
