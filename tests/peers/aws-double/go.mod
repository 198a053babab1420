module iamra.dev/peers/aws-double

go 1.26.0
