package sandbox

import java.net.URI
import java.nio.file.{Files, NoSuchFileException, Path, Paths}
import java.nio.file.attribute.FileTime
import org.apache.hadoop.conf.Configuration
import software.amazon.awssdk.auth.credentials.{AwsBasicCredentials, AwsCredentials, AwsCredentialsProvider}
import software.amazon.awssdk.core.exception.SdkClientException
import scala.jdk.CollectionConverters._

/** Keys of a file in the format of AWS's tools, read again whenever it has changed: AWS's own provider reads it once.
  *
  * For `fs.s3a.aws.credentials.provider`; the file is `AWS_SHARED_CREDENTIALS_FILE`.
  */
class KeysOfAFile(uri: URI, conf: Configuration) extends AwsCredentialsProvider {
  private val file: Path = Paths.get(sys.env.getOrElse("AWS_SHARED_CREDENTIALS_FILE", "/run/keys/credentials"))
  @volatile private var known: Option[(FileTime, AwsCredentials)] = None

  override def resolveCredentials(): AwsCredentials =
    try {
      val changed = Files.getLastModifiedTime(file)
      known.collect { case (`changed`, keys) => keys }.getOrElse {
        val keys = read()
        known = Some((changed, keys))
        keys
      }
    } catch {
      case missing: NoSuchFileException =>
        throw SdkClientException.create(s"$file is not there: the hub writes it, once the store answers", missing)
    }

  private def read(): AwsCredentials = {
    val values = Files.readAllLines(file).asScala.map(_.split(" = ", 2)).collect { case Array(name, value) => name -> value }.toMap
    AwsBasicCredentials.create(values.getOrElse("aws_access_key_id", ""), values.getOrElse("aws_secret_access_key", ""))
  }
}
