package client_test

import (
	"context"
	"testing"

	"github.com/paymux/paymux/client"
)

// A call continues the trace it is given, by option or by its context, and nothing that is none.
func TestACallContinuesATrace(t *testing.T) {
	t.Parallel()
	const parent, other = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "00-5bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00"
	type traced struct{}
	d := open(t, answer{status: 200, body: "{}"})
	c, err := client.New(client.Config{BaseURL: d.URL, Key: "sk_test_one", Traceparent: func(ctx context.Context) string {
		value, _ := ctx.Value(traced{}).(string)
		return value
	}})
	if err != nil {
		t.Fatal(err)
	}
	within := context.WithValue(t.Context(), traced{}, other)
	for _, k := range []struct {
		ctx  context.Context
		opts []client.Option
		want string
	}{
		{t.Context(), nil, ""},
		{within, nil, other},
		{within, []client.Option{client.Traceparent(parent)}, parent},
		{t.Context(), []client.Option{client.Traceparent("x\r\nY: z")}, ""},
	} {
		if _, err := c.Payment(k.ctx, "pay_1", k.opts...); err != nil {
			t.Fatal(err)
		}
		if got := d.asked[len(d.asked)-1].header.Get("Traceparent"); got != k.want {
			t.Errorf("it came with %q, want %q", got, k.want)
		}
	}
}
