package postgres

import (
	"fmt"
	"strings"
)

// filter builds a WHERE clause whose values are arguments.
type filter struct {
	conditions []string
	args       []any
}

// where adds a condition, in which ? stands for its value.
func (q *filter) where(condition string, value any) {
	q.conditions = append(q.conditions, strings.Replace(condition, "?", q.arg(value), 1))
}

func (q *filter) whereSet(condition, value string) {
	if value != "" {
		q.where(condition, value)
	}
}

func (q *filter) arg(value any) string {
	q.args = append(q.args, value)
	return fmt.Sprintf("$%d", len(q.args))
}

func (q *filter) text() string {
	if len(q.conditions) == 0 {
		return ""
	}
	return "WHERE " + strings.Join(q.conditions, " AND ")
}
