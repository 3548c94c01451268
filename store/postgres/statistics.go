package postgres

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/monitor"
)

// factsRoom is how large a row of facts may be, in bytes, to stay in its page.
const factsRoom = 7 << 10

// keepFacts keeps what the entries have to be counted for: few rows, however many they are.
func (g *group) keepFacts() {
	var body []byte
	for _, e := range g.entries {
		if len(body) > 0 && len(body)+len(e.facts) > factsRoom {
			g.addFacts(body)
			body = nil
		}
		body = append(body, e.facts...)
	}
	if len(body) > 0 {
		g.addFacts(body)
	}
}

func (g *group) addFacts(body []byte) {
	g.add(statement{sql: "INSERT INTO facts (body) VALUES ($1::text)", rows: body})
}

// Facts implements monitor.Store.
func (s *Store) Facts(ctx context.Context, after int64, limit int) ([]monitor.Batch, error) {
	const sql = "SELECT n, body FROM facts WHERE n > $1 ORDER BY n LIMIT $2"
	return list(ctx, s, "facts", sql, []any{after, limit}, func(row pgx.CollectableRow) (b monitor.Batch, err error) {
		err = row.Scan(&b.N, &b.Body)
		return b, err
	})
}

// CountFacts implements monitor.Store. Whoever comes second waits for the rows it deletes, and finds them gone.
func (s *Store) CountFacts(ctx context.Context, batches []int64, rows []monitor.Row) error {
	err := s.inTx(ctx, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, "DELETE FROM facts WHERE n = ANY ($1)", batches)
		if err != nil {
			return err
		}
		if tag.RowsAffected() != int64(len(batches)) {
			return paymux.ErrStale
		}
		var batch pgx.Batch
		for i := range rows {
			batch.Queue(addNumbersSQL, numbersOf(&rows[i])...)
		}
		return tx.SendBatch(ctx, &batch).Close()
	})
	if err != nil {
		return fault(err, "count facts")
	}
	return nil
}

const statisticsKey = "every, at, merchant, mode, region, channel, account, method, currency"

// addNumbersSQL is one statement for all rows: the names are the columns.
var addNumbersSQL = addNumbers(paymux.NumberNames())

func addNumbers(names []string) string {
	values, sums := "$1", make([]string, len(names))
	for i := range 8 + len(names) {
		values += ", $" + strconv.Itoa(i+2)
	}
	for i, n := range names {
		sums[i] = n + " = s." + n + " + excluded." + n
	}
	return "INSERT INTO statistics AS s (" + statisticsKey + ", " + strings.Join(names, ", ") + ") VALUES (" + values +
		") ON CONFLICT (" + statisticsKey + ") DO UPDATE SET " + strings.Join(sums, ", ")
}

func numbersOf(r *monitor.Row) []any {
	args := []any{string(r.Every), r.At}
	for _, d := range paymux.Dimensions() {
		args = append(args, r.Part(d))
	}
	for _, n := range r.Fields() {
		args = append(args, *n)
	}
	return args
}

// Statistics implements monitor.Store. What is still to be counted is looked for first: what is counted meanwhile is in the rows, then.
func (s *Store) Statistics(ctx context.Context, q paymux.StatisticsQuery) (a paymux.StatisticsAnswer, err error) {
	const oldest = "SELECT coalesce((SELECT min(at) FROM facts), now())"
	if a.AsOf, err = one(ctx, s, "facts", "", oldest, nil, pgx.RowTo[time.Time]); err != nil {
		return a, err
	}
	a.AsOf = a.AsOf.UTC()
	sql, args := selectStatistics(q)
	a.Rows, err = list(ctx, s, "statistics", sql, args, func(row pgx.CollectableRow) (paymux.StatisticsRow, error) { return scanStatistics(row, q.Group) })
	return a, err
}

// selectStatistics adds up on the server. Dimensions are among those that are known: they are names of columns.
func selectStatistics(in paymux.StatisticsQuery) (sql string, args []any) {
	q := filter{}
	q.where("every = ?", string(in.Every))
	q.where("at >= ?", in.From)
	q.where("at < ?", in.To)
	for _, d := range paymux.Dimensions() {
		q.whereSet(string(d)+" = ?", in.Only.Part(d))
	}
	group := "at"
	for _, d := range in.Group {
		group += ", " + string(d)
	}
	columns := group
	for _, n := range paymux.NumberNames() {
		columns += ", sum(" + n + ")::bigint"
	}
	sql = "SELECT " + columns + " FROM statistics " + q.text() + " GROUP BY " + group + " ORDER BY " + group
	if in.Limit > 0 {
		sql += " LIMIT " + q.arg(in.Limit)
	}
	return sql, q.args
}

func scanStatistics(row pgx.CollectableRow, group []paymux.Dimension) (out paymux.StatisticsRow, err error) {
	parts := make([]string, len(group))
	into := []any{&out.At}
	for i := range parts {
		into = append(into, &parts[i])
	}
	for _, n := range out.Fields() {
		into = append(into, n)
	}
	if err := row.Scan(into...); err != nil {
		return out, err
	}
	out.At = out.At.UTC()
	for i, d := range group {
		out.Set(d, parts[i])
	}
	return out, nil
}

// PruneStatistics implements monitor.Store.
func (s *Store) PruneStatistics(ctx context.Context, every paymux.Interval, before time.Time, limit int) (int, error) {
	const sql = `DELETE FROM statistics WHERE ctid = ANY (ARRAY(
		SELECT ctid FROM statistics WHERE every = $1 AND at < $2 ORDER BY at LIMIT $3 FOR UPDATE SKIP LOCKED))`
	tag, err := s.pool.Exec(ctx, sql, string(every), before, limit)
	if err != nil {
		return 0, fault(err, "prune statistics of each %s", every)
	}
	return int(tag.RowsAffected()), nil
}
