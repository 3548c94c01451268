package postgres

import (
	"context"
	"encoding/binary"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"
)

// table is a table that groups write. A group's rows of it are one argument: an array of the table's own
// row type, which unnest turns back into rows, at a fraction of what an array for each column costs both sides.
type table struct {
	name    string
	columns string // all of them, in the schema's order
	given   string // those that rows bring, where the server fills in others; empty: all
}

var (
	paymentTable = table{name: "payments", columns: "id, merchant, status, amount, currency, capturable, received, refunded, refunding, " +
		"disputed, version, merchant_order_id, order_slot, created_at, detail"}
	operationTable   = table{name: "operations", columns: "id, payment, merchant, kind, state, amount, currency, detail"}
	refundTable      = table{name: "refunds", columns: "id, merchant, payment, status, amount, currency, version, detail"}
	disputeTable     = table{name: "disputes", columns: "id, merchant, payment, account, channel_id, status, amount, currency, version, detail"}
	idempotencyTable = table{name: "idempotency", columns: "merchant, key, fingerprint, object, created_at, answer"}
	eventTable       = table{name: "events", columns: "id, merchant, type, object_id, payment, body, xact", given: "id, merchant, type, object_id, payment, body"}
	taskTable        = table{name: "tasks", columns: "id, kind, ref, lane, due_at, attempt, last_error, created_at, part, parked, trace"}
	attemptTable     = table{name: "attempts", columns: "event, endpoint, at, result, detail"}
	hopTable         = table{name: "hops", columns: "seq, payment, at, detail", given: "payment, at, detail"}
	quotaTable       = table{name: "quotas", columns: "day, account, quota, currency, used"}
	linkTable        = table{name: "links", columns: "id, merchant, status, amount, currency, payment, detail"}
)

// tables are all that groups write.
func tables() []table {
	return []table{paymentTable, operationTable, refundTable, disputeTable, idempotencyTable, eventTable, taskTable, attemptTable, hopTable, linkTable, quotaTable}
}

// from is rows of the table as a statement's first argument.
func (t table) from() string { return " FROM unnest($1::" + t.name + "[])" }

// insert writes all columns that rows bring.
func (t table) insert() string {
	given := t.given
	if given == "" {
		given = t.columns
	}
	return "INSERT INTO " + t.name + " (" + given + ") SELECT " + given + t.from() + " u"
}

// rowTypes are a database's types of rows, by table. Each database has its own.
type rowTypes map[string]rowType

type rowType struct{ row, array uint32 }

// readRowTypes asks for the types and makes sure that the columns are where records have them.
func readRowTypes(ctx context.Context, pool *pgxpool.Pool) (rowTypes, error) {
	const sql = `SELECT oid, typarray, (SELECT string_agg(attname, ', ' ORDER BY attnum) FROM pg_attribute
			WHERE attrelid = typrelid AND attnum > 0 AND NOT attisdropped)
		FROM pg_type WHERE typrelid = $1::text::regclass`
	types := rowTypes{}
	for _, t := range tables() {
		var found rowType
		var columns string
		if err := pool.QueryRow(ctx, sql, t.name).Scan(&found.row, &found.array, &columns); err != nil {
			return nil, fmt.Errorf("read the type of table %s: %w", t.name, err)
		}
		if columns != t.columns {
			return nil, fmt.Errorf("table %s has columns %s, want %s", t.name, columns, t.columns)
		}
		types[t.name] = found
	}
	return types, nil
}

// register lets a connection take arrays of rows that are in binary form already.
func (types rowTypes) register(conn *pgx.Conn) {
	for name, t := range types {
		conn.TypeMap().RegisterType(&pgtype.Type{Name: "_" + name, OID: t.array, Codec: finished{}})
	}
}

// finished is the codec of values that are in binary form already.
type finished struct{ pgtype.ByteaCodec }

func (finished) FormatSupported(format int16) bool { return format == pgtype.BinaryFormatCode }

// arrayHead is the length of what an array has before its elements.
const arrayHead = 20

// array makes rows of a table an argument.
func array[T any](types rowTypes, t table, rows []owned[row[T]]) []byte {
	size := arrayHead
	for i := range rows {
		size += len(rows[i].row.wire)
	}
	b := make([]byte, 0, size)
	for _, n := range [...]uint32{1, 0, types[t.name].row, uint32(len(rows)), 1} { // dimensions, NULLs, type, length, first index
		b = binary.BigEndian.AppendUint32(b, n)
	}
	for i := range rows {
		b = append(b, rows[i].row.wire...)
	}
	return b
}
