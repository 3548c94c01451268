package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/client"
)

// statisticsFlags are what is asked for, as it was written.
type statisticsFlags struct {
	from, to, every string
	group           []string
	only            paymux.StatisticsKey
	method          string
	currency        string
	merchant        string
	own             bool
}

func (c *cli) statisticsCommand() *cobra.Command {
	var f statisticsFlags
	cmd := &cobra.Command{
		Use:   "statistics",
		Short: c.text("statistics.short"),
		Long:  c.text("statistics.long"),
		Example: `  paymux statistics --group channel
  paymux statistics --every minute --from 30m --group account,method --currency CNY
  paymux statistics --own --every day --from 2160h`,
		Args: exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error { return c.statistics(cmd.Context(), &f) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.from, "from", "", c.text("statistics.from"))
	flags.StringVar(&f.to, "to", "", c.text("statistics.to"))
	flags.StringVar(&f.every, "every", string(paymux.EveryHour), c.text("statistics.every"))
	flags.StringSliceVar(&f.group, "group", nil, c.text("statistics.group"))
	flags.StringVar(&f.merchant, "merchant", "", c.text("statistics.only"))
	flags.StringVar(&f.only.Mode, "mode", "", c.text("statistics.only"))
	flags.StringVar(&f.only.Region, "region", "", c.text("statistics.only"))
	flags.StringVar(&f.only.Channel, "channel", "", c.text("statistics.only"))
	flags.StringVar(&f.only.Account, "account", "", c.text("statistics.only"))
	flags.StringVar(&f.method, "method", "", c.text("statistics.only"))
	flags.StringVar(&f.currency, "currency", "", c.text("statistics.only"))
	flags.BoolVar(&f.own, "own", false, c.text("statistics.own"))
	complete(cmd, "every", paymux.Intervals())
	complete(cmd, "group", paymux.Dimensions())
	complete(cmd, "method", paymux.MethodTypes())
	complete(cmd, "mode", []string{"live", "test"})
	return cmd
}

func (c *cli) statistics(ctx context.Context, f *statisticsFlags) error {
	q, err := c.statisticsQuery(f)
	if err != nil {
		return err
	}
	read, err := c.statisticsReader(f.own)
	if err != nil {
		return err
	}
	s, err := read(ctx, q)
	if err != nil {
		return err
	}
	return c.show(s, func() { c.showStatistics(s) })
}

// statisticsReader is the operators' interface, or the merchant's own.
func (c *cli) statisticsReader(own bool) (func(context.Context, client.StatisticsQuery, ...client.Option) (*paymux.Statistics, error), error) {
	if own {
		merchant, err := c.client()
		if err != nil {
			return nil, err
		}
		return merchant.Statistics, nil
	}
	operator, err := c.operator()
	if err != nil {
		return nil, err
	}
	return operator.Statistics, nil
}

func (c *cli) statisticsQuery(f *statisticsFlags) (q client.StatisticsQuery, err error) {
	if err := checkWord("interval", f.every, paymux.Intervals()); err != nil {
		return q, err
	}
	q.Every, q.Only = paymux.Interval(f.every), f.only
	q.Only.Merchant, q.Only.Method, q.Only.Currency = paymux.MerchantID(f.merchant), paymux.MethodType(f.method), paymux.Currency(f.currency)
	for _, d := range f.group {
		if err := checkWord("dimension", d, paymux.Dimensions()); err != nil {
			return q, err
		}
		q.Group = append(q.Group, paymux.Dimension(d))
	}
	if f.from != "" {
		if q.From, err = c.when("from", f.from); err != nil {
			return q, err
		}
	}
	if f.to != "" {
		q.To, err = c.when("to", f.to)
	}
	return q, err
}

// showStatistics prints a table: a line a row, then one a currency for all of it.
func (c *cli) showStatistics(s *paymux.Statistics) {
	if len(s.Data) == 0 {
		c.say("statistics.none")
		return
	}
	table := [][]string{c.statisticsHead(s)}
	totals := map[paymux.Currency]*paymux.Statistic{}
	var currencies []paymux.Currency
	for i := range s.Data {
		row := &s.Data[i]
		table = append(table, statisticsLine(s, row, row.At.Local().Format("2006-01-02 15:04")))
		if totals[row.Currency] == nil {
			totals[row.Currency] = &paymux.Statistic{StatisticsKey: paymux.StatisticsKey{Currency: row.Currency}}
			currencies = append(currencies, row.Currency)
		}
		totals[row.Currency].Add(&row.Numbers)
	}
	for _, currency := range currencies {
		totals[currency].Summarize()
		table = append(table, statisticsLine(s, totals[currency], c.text("statistics.total")))
	}
	for _, line := range aligned(table) {
		fmt.Fprintln(c.out, line)
	}
	c.say("statistics.as-of", s.AsOf.Local().Format("2006-01-02 15:04:05"))
}

func (c *cli) statisticsHead(s *paymux.Statistics) []string {
	head := []string{c.text("statistics.at")}
	for _, d := range s.Group {
		head = append(head, strings.ToUpper(string(d)))
	}
	return append(head, "", c.text("statistics.created"), c.text("statistics.succeeded"), c.text("statistics.amount"), c.text("statistics.unpaid"),
		c.text("statistics.rate"), c.text("statistics.refunded"), c.text("statistics.disputed"), c.text("statistics.tried"), c.text("statistics.faults"),
		c.text("statistics.answer"), c.text("statistics.success"))
}

func statisticsLine(s *paymux.Statistics, r *paymux.Statistic, at string) []string {
	line := []string{at}
	for _, d := range s.Group {
		part := r.Part(d)
		if part == "" {
			part = "-"
		}
		line = append(line, part)
	}
	rate := "-"
	if r.SuccessRate != nil {
		rate = fmt.Sprintf("%.2f %%", float64(*r.SuccessRate)/100)
	}
	decimal := func(amount int64) string { return paymux.Money{Amount: amount, Currency: r.Currency}.Decimal() }
	count := func(n int64) string { return fmt.Sprint(n) }
	return append(line, string(r.Currency), count(r.Created.Count), count(r.Succeeded.Count), decimal(r.Succeeded.Amount), count(r.Ended()-r.Succeeded.Count),
		rate, decimal(r.Refunded.Amount), count(r.Disputed.Count), count(r.Tried.Count), count(r.Declined+r.Unreached+r.Unanswered),
		spread(r.AnswerTime), spread(r.SuccessTime))
}

// spread is how long half of all took, and 95 of a hundred.
func spread(l paymux.Latency) string {
	if l.Count == 0 {
		return "-"
	}
	ms := func(n int64) string { return short(time.Duration(n) * time.Millisecond) }
	return ms(l.P50) + " / " + ms(l.P95)
}

// aligned pads cells to their column's width, as a terminal shows them.
func aligned(table [][]string) []string {
	widths := make([]int, len(table[0]))
	for _, row := range table {
		for i, cell := range row {
			widths[i] = max(widths[i], width(cell))
		}
	}
	lines := make([]string, len(table))
	for n, row := range table {
		var b strings.Builder
		for i, cell := range row {
			b.WriteString(cell)
			if i < len(row)-1 {
				b.WriteString(strings.Repeat(" ", widths[i]-width(cell)+2))
			}
		}
		lines[n] = b.String()
	}
	return lines
}

// width is how many columns of a terminal a text takes: Chinese characters are two wide.
func width(text string) (n int) {
	for _, r := range text {
		n++
		if r >= 0x1100 && (r <= 0x115f || r >= 0x2e80 && r <= 0xffdc) {
			n++
		}
	}
	return n
}
