module oldpeer

go 1.26.0

require (
	github.com/golang/protobuf v1.0.0
	golang.org/x/net v0.17.0
	google.golang.org/grpc v1.0.4
)

require (
	golang.org/x/oauth2 v0.37.0 // indirect
	golang.org/x/sync v0.24.0 // indirect
	golang.org/x/text v0.13.0 // indirect
)
