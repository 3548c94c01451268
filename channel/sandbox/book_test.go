package sandbox_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
	"github.com/paymux/paymux/channel/sandbox"
)

// bookFolder, when set, makes this test binary a bank that is killed: see TestKilledBank.
const bookFolder = "SANDBOX_TEST_BOOK"

func TestMain(m *testing.M) {
	if dir := os.Getenv(bookFolder); dir != "" {
		if err := chargeForever(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

// chargeForever charges with 64 callers, and prints each operation that was acknowledged.
func chargeForever(dir string) error {
	bank, err := sandbox.NewInstitution(sandbox.Config{Dir: dir})
	if err != nil {
		return err
	}
	ch, err := bank.Driver().Open(channel.Config{Account: "test", Options: map[string]string{"magic": "off"}})
	if err != nil {
		return err
	}
	var out sync.Mutex
	var callers sync.WaitGroup
	for range 64 {
		callers.Go(func() {
			for {
				op := payOp(paymux.Card, card("4242424242424242"), 1250)
				r, err := ch.Do(context.Background(), op)
				if err != nil {
					return
				}
				out.Lock()
				fmt.Println(op.ID, r.ChannelID)
				out.Unlock()
			}
		})
	}
	callers.Wait()
	return errors.New("the bank ended by itself")
}

func TestKilledBank(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	acknowledged := map[paymux.OperationID]string{}
	for round := range 5 {
		chargeAndKill(t, dir, 200+round*311, acknowledged)
		d := newDesk(t, sandbox.Config{Dir: dir}, nil)
		for op, transaction := range acknowledged {
			c, ok := d.bank.Charge(op)
			if !ok || c.Effects != 1 || c.State != paymux.OpSucceeded || c.Transaction != transaction {
				t.Fatalf("round %d: acknowledged %s as %s; the book says %+v", round, op, transaction, c)
			}
		}
		for c := range d.bank.Charges() {
			if c.Effects != 1 {
				t.Fatalf("round %d: %s took effect %d times", round, c.Operation, c.Effects)
			}
		}
		d.bank.Stop()
	}
}

// chargeAndKill kills the bank after n acknowledged charges, with more under way.
func chargeAndKill(t *testing.T, dir string, n int, acknowledged map[paymux.OperationID]string) {
	t.Helper()
	bank := exec.Command(os.Args[0])
	bank.Env = append(os.Environ(), bookFolder+"="+dir)
	bank.Stderr = t.Output()
	out, err := bank.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := bank.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for count := 0; lines.Scan(); count++ {
		if count == n {
			bank.Process.Kill()
		}
		var op, transaction string
		// The last line may be cut off by the kill.
		if got, _ := fmt.Sscan(lines.Text(), &op, &transaction); got == 2 && len(transaction) == len("sbx_")+20 {
			acknowledged[paymux.OperationID(op)] = transaction
		}
	}
	bank.Wait()
	if len(acknowledged) < n {
		t.Fatalf("only %d charges before the kill", len(acknowledged))
	}
}

func TestBookReplay(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	d := newDesk(t, sandbox.Config{Dir: dir}, nil)
	reserved := payOp(paymux.Card, card("4242424242424242"), 1250)
	reserved.Manual = true
	d.do(t, reserved)
	d.do(t, after(reserved, paymux.Capture, 500))
	d.do(t, after(reserved, paymux.Refunds, 100))
	d.do(t, payOp(paymux.WeChatPay, nil, 1250))
	d.do(t, payOp(paymux.Card, card("4000000000000002"), 1250))
	d.inbox.of(t, reserved.ID, 1)
	d.bank.Stop()
	before := slices.Collect(d.bank.Charges())
	if len(before) != 5 {
		t.Fatalf("%d charges, want 5", len(before))
	}
	again := newDesk(t, sandbox.Config{Dir: dir, Client: newInbox().client()}, nil)
	again.bank.Stop()
	after := slices.Collect(again.bank.Charges())
	for i := range after { // what was still to be delivered has been, meanwhile
		before[i].Callbacks, after[i].Callbacks = 0, 0
	}
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("the book after a restart (-before +after):\n%s", diff)
	}
	text, err := os.ReadFile(filepath.Join(dir, "book.jsonl"))
	if err != nil || bytes.Contains(text, []byte("4242424242424242")) || bytes.Contains(text, []byte(secret.Reveal())) {
		t.Errorf("the book holds a card number or a secret, or cannot be read: %v", err)
	}
}

func TestTornLine(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first, second := payOp(paymux.WeChatPay, nil, 1250), payOp(paymux.WeChatPay, nil, 1250)
	d := newDesk(t, sandbox.Config{Dir: dir}, nil)
	d.do(t, first)
	d.bank.Stop()
	path := filepath.Join(dir, "book.jsonl")
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, cut := range []int{1, 9, 40, len(whole) - 1} {
		writeFile(t, path, slices.Concat(whole, whole[:cut]))
		var log bytes.Buffer
		d := newDesk(t, sandbox.Config{Dir: dir, Log: slog.New(slog.NewTextHandler(&log, nil))}, nil)
		if _, ok := d.bank.Charge(first.ID); !ok {
			t.Fatalf("cut at %d: the charge before the torn line is gone", cut)
		}
		d.do(t, second)
		d.bank.Stop()
		if !bytes.Contains(log.Bytes(), []byte("unfinished end")) {
			t.Errorf("cut at %d: no log line tells of it: %s", cut, &log)
		}
		d = newDesk(t, sandbox.Config{Dir: dir}, nil)
		if _, ok := d.bank.Charge(second.ID); !ok {
			t.Fatalf("cut at %d: what was written after the torn line is gone", cut)
		}
		d.bank.Stop()
	}
}

func TestDamagedBook(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	d := newDesk(t, sandbox.Config{Dir: dir}, nil)
	d.do(t, payOp(paymux.WeChatPay, nil, 1250))
	d.do(t, payOp(paymux.WeChatPay, nil, 1250))
	d.bank.Stop()
	path := filepath.Join(dir, "book.jsonl")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text[50] ^= 1
	writeFile(t, path, text)
	if _, err := sandbox.NewInstitution(sandbox.Config{Dir: dir}); err == nil {
		t.Error("opened a book that is damaged in the middle")
	}
}

func TestBookThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	d := newDesk(t, sandbox.Config{Dir: t.TempDir()}, nil)
	op := payOp(paymux.Card, card("4242424242424242"), 1250)
	sandbox.BreakBook(d.bank)
	for range 2 {
		r, err := d.channel.Do(t.Context(), op)
		if err == nil || errors.Is(err, channel.ErrNotSent) {
			t.Fatalf("do: %+v, %v; want an error that leaves the outcome open", r, err)
		}
	}
	if r, err := d.channel.Query(t.Context(), op); err == nil || errors.Is(err, channel.ErrAbsent) {
		t.Fatalf("query: %+v, %v; want an error that says nothing", r, err)
	}
}

func TestOneIDOneCharge(t *testing.T) {
	t.Parallel()
	d := newDesk(t, sandbox.Config{Dir: t.TempDir()}, nil)
	op := payOp(paymux.Card, card("4242424242424242"), 1250)
	transactions := make([]string, 200)
	var callers sync.WaitGroup
	for i := range transactions {
		callers.Go(func() {
			if r, err := d.channel.Do(t.Context(), op); err == nil {
				transactions[i] = r.ChannelID
			}
		})
	}
	callers.Wait()
	if one := slices.Compact(transactions); len(one) != 1 || one[0] == "" || d.effects(op) != 1 {
		t.Errorf("200 callers of one ID: transactions %v, %d effects", one, d.effects(op))
	}
	op.Money.Amount++
	if _, err := d.channel.Do(t.Context(), op); err == nil || errors.Is(err, channel.ErrNotSent) {
		t.Errorf("another amount under a known ID: %v, want a refusal that does not claim nothing was sent", err)
	}
	if d.effects(op) != 1 {
		t.Errorf("%d effects after it", d.effects(op))
	}
}

func TestSecretIsKept(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for range 2 {
		bank, err := sandbox.NewInstitution(sandbox.Config{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		bank.Stop()
	}
	info, err := os.Stat(filepath.Join(dir, "callback.secret"))
	if err != nil || info.Mode().Perm() != 0o600 || info.Size() < 32 {
		t.Errorf("callback.secret: %v, %v; want a secret that only its owner reads", info, err)
	}
}

func writeFile(t *testing.T, path string, text []byte) {
	t.Helper()
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
}
