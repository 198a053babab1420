module iamra.dev/peers/anywhere-double

go 1.26.0
