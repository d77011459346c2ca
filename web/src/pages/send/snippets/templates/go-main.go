package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"os"
	"os/signal"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	stopTracing, err := startTracing(ctx)
	if err != nil {
		log.Fatal(err)
	}
	http.HandleFunc("GET /hello/{name}", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(w, "hello", r.PathValue("name"))
	})
	server := &http.Server{
		Addr: "127.0.0.1:8080",
		// A span for each request, named by its route.
		Handler: otelhttp.NewHandler(http.DefaultServeMux, "server",
			otelhttp.WithSpanNameFormatter(func(operation string, r *http.Request) string {
				return cmp.Or(r.Pattern, operation)
			})),
	}
	go func() {
		<-ctx.Done()
		server.Shutdown(context.Background())
	}()
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		log.Print(err)
	}
	stopTracing(context.Background()) // sends what is left
}
