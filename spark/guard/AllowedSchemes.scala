package sandbox

import org.apache.hadoop.fs.Path
import org.apache.spark.sql.{SparkSessionExtensions, SparkSessionExtensionsProvider}
import org.apache.spark.sql.catalyst.plans.logical.LogicalPlan
import org.apache.spark.sql.execution.command.{AddArchivesCommand, AddFilesCommand, AddJarsCommand, InsertIntoDataSourceDirCommand, LoadDataCommand}
import org.apache.spark.sql.execution.datasources._

/** Refuses to read, write or hand out files of the machine that a session is on: in a shared server they are nobody's.
  *
  * For `spark.sql.extensions`. It looks at each plan before anything of it runs. It is hygiene, no wall: whoever brings
  * code of their own into the server's processes reads what these can read.
  */
class AllowedSchemes extends SparkSessionExtensionsProvider {
  private val allowed = Set("s3a", "s3", "s3n")

  override def apply(extensions: SparkSessionExtensions): Unit =
    extensions.injectCheckRule(_ => plan => plan.collectWithSubqueries { case node => node }.foreach(check))

  private def check(node: LogicalPlan): Unit =
    paths(node).find(path => !allowed.contains(path.toUri.getScheme)).foreach { path =>
      throw new IllegalArgumentException(
        s"Spark Connect reads and writes s3a:// only, and `$path` is something else. " +
          "For files of your own server use spark(classic=True), or copy them below s3a://scratch/users/ first")
    }

  private def paths(node: LogicalPlan): Seq[Path] = node match {
    case AddFilesCommand(names) => names.map(new Path(_))
    case AddJarsCommand(names) => names.filterNot(_.startsWith("ivy:")).map(new Path(_))
    case AddArchivesCommand(names) => names.map(new Path(_))
    case load: LoadDataCommand => Seq(new Path(load.path))
    case LogicalRelationWithTable(relation: HadoopFsRelation, _) => relation.location.rootPaths
    case write: InsertIntoHadoopFsRelationCommand => Seq(write.outputPath)
    case write: InsertIntoDataSourceDirCommand => write.storage.locationUri.map(new Path(_)).toSeq
    case _ => Nil
  }
}
