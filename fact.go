package paymux

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Fact is one thing to count. It is committed with the change that it is a fact of, as a word of
// text, and added to the statistics later, once.
type Fact struct {
	At      time.Time // when it happened; to the minute is what is kept
	Key     StatisticsKey
	Measure Measure
	Amount  int64          // in minor units
	MS      int64          // of an answer or a success: how long it took, at least 1; 0: not known
	Late    bool           // of a success
	Pay     bool           // of an answer: it was an attempt to pay
	Answer  OperationState // of an answer
}

// AppendFacts appends facts as lines of text: the minute and the key, separated by tabs, then a word for each
// fact of that minute and key that follows the other. Numbers that cannot be are 0: what could not be read again would never be counted.
func AppendFacts(b []byte, facts []Fact) []byte {
	for i := range facts {
		f := &facts[i]
		if i > 0 && f.Key == facts[i-1].Key && f.At.Unix()/60 == facts[i-1].At.Unix()/60 {
			b[len(b)-1] = ' '
		} else {
			b = append(f.appendPlace(b), '\t')
		}
		b = append(f.appendWord(b), '\n')
	}
	return b
}

func (f *Fact) appendPlace(b []byte) []byte {
	b = strconv.AppendInt(b, max(f.At.Unix()/60, 0), 10)
	k := &f.Key
	for _, part := range [...]string{string(k.Merchant), k.Mode, k.Region, k.Channel, k.Account, string(k.Method), string(k.Currency)} {
		b = append(b, '\t')
		if strings.ContainsAny(part, "\t\n\\") {
			part = strings.NewReplacer("\\", `\\`, "\t", `\t`, "\n", `\n`).Replace(part)
		}
		b = append(b, part...)
	}
	return b
}

// appendWord appends measure:amount, and where there is more, :ms:flags:answer.
func (f *Fact) appendWord(b []byte) []byte {
	b = append(append(b, f.Measure...), ':')
	b = strconv.AppendInt(b, max(f.Amount, 0), 10)
	if f.MS <= 0 && !f.Late && !f.Pay && f.Answer == "" {
		return b
	}
	b = strconv.AppendInt(append(b, ':'), max(f.MS, 0), 10)
	b = append(b, ':')
	if f.Late {
		b = append(b, 'l')
	}
	if f.Pay {
		b = append(b, 'p')
	}
	return append(append(b, ':'), f.Answer...)
}

var errFact = errors.New("not a line of facts")

// CutFacts divides a line, without its end, into the place its facts belong to, which ParsePlace reads, and
// their words, separated by spaces, which ParseFact reads.
func CutFacts(line string) (place, words string, err error) {
	i := strings.LastIndexByte(line, '\t')
	if i < 0 {
		return "", "", fmt.Errorf("%w: it has no place", errFact)
	}
	return line[:i], line[i+1:], nil
}

// ParsePlace reads where facts belong: the beginning of the minute, and the key.
func ParsePlace(place string) (at time.Time, key StatisticsKey, err error) {
	parts := strings.Split(place, "\t")
	dimensions := Dimensions()
	if len(parts) != 1+len(dimensions) {
		return at, key, fmt.Errorf("%w: %d dimensions", errFact, len(parts)-1)
	}
	minute, err := strconv.ParseInt(parts[0], 10, 64)
	if err != nil || minute < 0 || minute > lastMinute {
		return at, key, fmt.Errorf("%w: %q is no minute", errFact, parts[0])
	}
	for i, d := range dimensions {
		part := parts[1+i]
		if strings.Contains(part, "\\") {
			part = strings.NewReplacer(`\\`, "\\", `\t`, "\t", `\n`, "\n").Replace(part)
		}
		key.Set(d, part)
	}
	return time.Unix(minute*60, 0).UTC(), key, nil
}

// lastMinute is of the year 9999.
const lastMinute = 253402300799 / 60

// ParseFact reads a word. The fact has no time and no key.
func ParseFact(word string) (f Fact, err error) {
	measure, rest, _ := strings.Cut(word, ":")
	amount, rest, more := strings.Cut(rest, ":")
	f.Measure = Measure(measure)
	if f.Amount, err = natural(amount); err != nil || !more {
		return f, err
	}
	ms, rest, _ := strings.Cut(rest, ":")
	flags, answer, ok := strings.Cut(rest, ":")
	if !ok {
		return f, fmt.Errorf("%w: %q ends early", errFact, word)
	}
	f.Late, f.Pay, f.Answer = strings.Contains(flags, "l"), strings.Contains(flags, "p"), OperationState(answer)
	f.MS, err = natural(ms)
	return f, err
}

func natural(text string) (int64, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("%w: %q is no number", errFact, text)
	}
	return n, nil
}

// Known reports whether this program can count the fact.
func (f *Fact) Known() bool {
	var none Numbers
	return f.Measure == CountAnswered || none.Sum(f.Measure) != nil
}

// Count adds a fact to the numbers of its key and interval.
func (n *Numbers) Count(f *Fact) {
	if f.Measure == CountAnswered {
		n.countAnswer(f)
		return
	}
	sum := n.Sum(f.Measure)
	if sum == nil {
		return
	}
	sum.Count++
	sum.Amount += f.Amount
	if f.Measure == CountSucceeded {
		n.countSuccess(f)
	}
}

func (n *Numbers) countSuccess(f *Fact) {
	if f.Late {
		n.Late++
	}
	if f.MS > 0 {
		n.Successes.Count(f.MS, SuccessBounds())
	}
}

func (n *Numbers) countAnswer(f *Fact) {
	switch f.Answer {
	case OpNotSent:
		n.Unreached++
	case OpUnknown:
		n.Unanswered++
	case OpDeclined:
		if f.Pay {
			n.Declined++
		}
	}
	if f.MS > 0 {
		n.Answers.Count(f.MS, AnswerBounds())
	}
}
