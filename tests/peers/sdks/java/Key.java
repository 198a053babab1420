import com.amazonaws.auth.DefaultAWSCredentialsProviderChain;
import software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider;

/** Prints the access key of the credentials that an SDK for Java finds by itself: {@code Key v1}, {@code Key v2}. */
class Key {
    public static void main(String[] arguments) {
        try {
            System.out.println(arguments[0].equals("v1") ? v1() : v2());
        } catch (RuntimeException error) {
            System.err.println(error.getMessage());
            System.exit(1);
        }
    }

    private static String v1() {
        return DefaultAWSCredentialsProviderChain.getInstance().getCredentials().getAWSAccessKeyId();
    }

    private static String v2() {
        return DefaultCredentialsProvider.builder().build().resolveCredentials().accessKeyId();
    }
}
