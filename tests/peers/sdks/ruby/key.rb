# Prints the access key of the credentials that the SDK for Ruby finds by itself.
require "aws-sdk-core"

found = Aws::STS::Client.new.config.credentials
abort "no credentials" if found.nil?
puts found.credentials.access_key_id
