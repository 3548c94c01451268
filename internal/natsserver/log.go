package natsserver

import (
	"fmt"
	"log/slog"
)

// quiet passes on what needs somebody's attention. The server's account of its
// own start and stop is of interest to debuggers only.
type quiet struct{ log *slog.Logger }

func (q *quiet) Noticef(format string, v ...any) { q.log.Debug("NATS: " + fmt.Sprintf(format, v...)) }
func (q *quiet) Debugf(format string, v ...any)  { q.log.Debug("NATS: " + fmt.Sprintf(format, v...)) }
func (q *quiet) Tracef(format string, v ...any)  { q.log.Debug("NATS: " + fmt.Sprintf(format, v...)) }
func (q *quiet) Warnf(format string, v ...any)   { q.log.Warn("NATS: " + fmt.Sprintf(format, v...)) }
func (q *quiet) Errorf(format string, v ...any)  { q.log.Error("NATS: " + fmt.Sprintf(format, v...)) }
func (q *quiet) Fatalf(format string, v ...any)  { q.log.Error("NATS: " + fmt.Sprintf(format, v...)) }
