. "$HOME/.otel-dotnet-auto/instrument.sh"
dotnet run
